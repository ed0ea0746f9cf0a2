package s3

import (
	"errors"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// A prefix is taken as it is written: S3's keys may have a # and a %.
func TestPrefixIsLiteral(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "k")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	for address, want := range map[string]string{
		"s3://b/run#3?region=eu-west-1": "run#3/", "s3://b/a%20b?region=eu-west-1": "a%20b/", "s3://b/plain/x": "plain/x/",
	} {
		c, err := configure(address)
		if err != nil || c.prefix != want {
			t.Errorf("%s: prefix %q, %v; want %q", address, c.prefix, err, want)
		}
	}
}

// Who asks the wrong region has the right keys.
func TestWrongRegionIsTold(t *testing.T) {
	b := &Bucket{bucket: "b", where: "https://s3"}
	err := b.explain("open", "", minio.ErrorResponse{Code: "AuthorizationHeaderMalformed", Region: "eu-west-1", StatusCode: 400})
	if !errors.Is(err, bucket.ErrDenied) || !strings.Contains(err.Error(), "set AWS_REGION to eu-west-1") || strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Error(err)
	}
}
