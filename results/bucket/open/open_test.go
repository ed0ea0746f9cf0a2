package open_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/open"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
)

func TestAddresses(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon")
	folder := t.TempDir()
	t.Chdir(folder)
	for _, address := range []string{filepath.Join(folder, "a"), "relative/folder", "file://" + folder + "/with%20space", "s3://kaon/team"} {
		b, err := open.Bucket(t.Context(), address, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := b.Put(t.Context(), "x/y", strings.NewReader("z")); err != nil {
			t.Error(err)
		}
	}
	if _, err := bucket.ReadObject(t.Context(), mustOpen(t, filepath.Join(folder, "with space")), "x/y", 10); err != nil {
		t.Error(err)
	}
	for address, says := range map[string]string{"": "empty", "gs://bucket": "not known", "file://host/a": "file:///folder", "file:///a#3": "%23", "file:///a?b": "%3F",
		"s3://": "s3://bucket/prefix", "/dev/null/x": "not a directory"} {
		if _, err := open.Bucket(t.Context(), address, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v does not say %q", address, err, says)
		}
	}
}

func mustOpen(t *testing.T, address string) bucket.Bucket {
	t.Helper()
	b, err := open.Bucket(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
