package staging

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/s3"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/sweep"
)

func TestAddressesHaveTheirContentsKey(t *testing.T) {
	for from, want := range map[string]string{
		"https://host/a/words.txt":              "https://host/a/words.txt#sha256=12",
		"http://host:80/it's?a='b\\c'&d=1#here": "http://host:80/it%27s?a=%27b%5Cc%27&d=1#sha256=12",
		"https://host":                          "https://host/#sha256=12",
	} {
		u, err := url.Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		if got := cacheURL(*u, "12"); got != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
}

// A sweep that began when addresses were URLs goes on with what it had, under its name, and no input that is gone refuses it.
func TestBegunSweepsHaveTheirObjects(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("data")
	b, err := s3.Open(t.Context(), "s3://data")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "set/my words.csv", strings.NewReader("words\n")); err != nil {
		t.Fatal(err)
	}
	const escaped = "s3://data/set/my%20words.csv"
	warned := ""
	s := Stage{ID: "s", Spec: &sweep.Spec{}, Folder: t.TempDir(), Bucket: b, Resumed: true, Warn: func(text string) { warned += text }}
	if err := s.OpenFileServer(transfer.Config{Bind: "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	defer s.FileServer.Close()
	f := sweep.Fetch{URL: escaped, To: "my%20words.csv"}
	src, _, err := s.input(t.Context(), f, probed{})
	if err != nil || src.To != "my words.csv" || src.Name != "my words.csv" || warned != "" {
		t.Fatalf("%+v, %v, %s", src, err, warned)
	}
	resp, err := http.Get(src.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); string(got) != "words\n" {
		t.Errorf("%s: %q, %v", resp.Status, got, err)
	}
	f.To = "words"
	if src, _, err := s.input(t.Context(), f, probed{}); err != nil || src.To != "words" {
		t.Errorf("%+v, %v", src, err)
	}
	s.Owner = "somebody-else" // whose address was looked at as it is written
	if _, _, err := s.input(t.Context(), f, probed{}); err != nil || !strings.Contains(warned, escaped) {
		t.Errorf("somebody else: %v, warned %q", err, warned)
	}
	s.Owner, s.Resumed = "", false
	if _, _, err := s.input(t.Context(), f, probed{}); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("a new sweep: %v", err)
	}
}
