package s3_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/buckettest"
	"github.com/kaon-sweep/kaon/results/bucket/s3"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
)

func open(t *testing.T, address string) *s3.Bucket {
	t.Helper()
	b, err := s3.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBucket(t *testing.T) {
	server := s3test.Start(t)
	var n atomic.Int32
	for name, prefix := range map[string]string{"whole": "", "prefix": "/team a/kaon"} {
		t.Run(name, func(t *testing.T) {
			buckettest.Run(t, func(t *testing.T) bucket.Bucket {
				name := fmt.Sprintf("bucket-%d", n.Add(1))
				server.Bucket(name)
				return open(t, "s3://"+name+prefix)
			})
		})
	}
}
