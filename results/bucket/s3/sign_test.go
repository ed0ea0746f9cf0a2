package s3_test

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/s3"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
)

func sum(text string) string {
	h := md5.Sum([]byte(text))
	return base64.StdEncoding.EncodeToString(h[:])
}

// send makes a signed request without any credentials.
func send(t *testing.T, s bucket.Signed, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range s.Headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestSignedRequestsAreForOneContent(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon")
	b := open(t, "s3://kaon/team a")
	signed, err := b.SignPut(t.Context(), "a/b c", 5, sum("hello"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for body, why := range map[string]string{"other": "another content", "hello!": "another length"} {
		if resp := send(t, signed, body); resp.StatusCode == http.StatusOK {
			t.Errorf("%s is taken", why)
		}
	}
	elsewhere := signed
	elsewhere.URL = strings.Replace(signed.URL, "/a/", "/z/", 1)
	if resp := send(t, elsewhere, "hello"); resp.StatusCode == http.StatusOK {
		t.Error("another name is taken")
	}
	if resp := send(t, signed, "hello"); resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("refused: %s", text)
	}
	got, err := b.SignGet(t.Context(), "a/b c", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(got.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); string(text) != "hello" {
		t.Errorf("got %q", text)
	}
}

func TestPartsAreJoinedOrAbandoned(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon")
	b := open(t, "s3://kaon")
	first, last := strings.Repeat("x", 5<<20), "end"
	upload, err := b.StartMultipart(t.Context(), "big")
	if err != nil {
		t.Fatal(err)
	}
	var etags []string
	for i, body := range []string{first, last} {
		signed, err := b.SignPart(t.Context(), "big", upload, i+1, int64(len(body)), sum(body), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		resp := send(t, signed, body)
		if resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status)
		}
		etags = append(etags, resp.Header.Get("ETag"))
	}
	if err := b.CompleteMultipart(t.Context(), "big", upload, etags); err != nil {
		t.Fatal(err)
	}
	if o, err := b.Stat(t.Context(), "big"); err != nil || o.Size != int64(len(first)+len(last)) {
		t.Errorf("got %+v, %v", o, err)
	}
	if err := b.CompleteMultipart(t.Context(), "big", upload, etags); err != nil && !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("joined twice: %v", err) // stores differ in how long they remember
	}
	other, err := b.StartMultipart(t.Context(), "half/done")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AbortMultipart(t.Context(), "half/"); err != nil {
		t.Fatal(err)
	}
	if err := b.CompleteMultipart(t.Context(), "half/done", other, etags); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("abandoned, and joined: %v", err)
	}
}

func TestFetcherSaysWhatIsNotThere(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("data")
	if err := open(t, "s3://data").Put(t.Context(), "set/a.csv", strings.NewReader("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := s3.NewFetcher(t.Context(), &url.URL{Scheme: "s3", Host: "data", Path: "/set/a.csv"}); err != nil {
		t.Error(err)
	}
	if _, err := s3.NewFetcher(t.Context(), &url.URL{Scheme: "s3", Host: "data", Path: "/set/b.csv"}); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := s3.NewFetcher(t.Context(), &url.URL{Scheme: "s3", Host: "data", Path: "/"}); err == nil {
		t.Error("a bucket is no object")
	}
}
