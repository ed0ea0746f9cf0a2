package transfer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/results/bucket/s3"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/testkit"
)

func open(t *testing.T, c transfer.Config) *transfer.Server {
	t.Helper()
	c.Sweep, c.Bind = "s", "127.0.0.1"
	d, err := transfer.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func folder(t *testing.T) bucket.Bucket {
	t.Helper()
	b, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return bucket.Retry(bucket.Metered(b, nil), bucket.PatientBackoff, nil)
}

// content is a file of size bytes that nothing compresses, and its checksum.
func content(t *testing.T, size int) (path, sum string) {
	t.Helper()
	data := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(size)})
	r.Read(data)
	path = filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(data)
	return path, hex.EncodeToString(h[:])
}

// holds compares an object with a checksum, by a reader that does so too.
func holds(t *testing.T, b bucket.Bucket, name, sum string) {
	t.Helper()
	r, err := b.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.Copy(io.Discard, bucket.VerifySHA256(r, sum)); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

var quick = transfer.Client{Patience: 10 * time.Second, First: time.Millisecond, Longest: 50 * time.Millisecond}

func TestFilesArriveInAFolder(t *testing.T) {
	b := folder(t)
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: b})
	for name, size := range map[string]int{"empty": 0, "small": 10, "sub/model.bin": 20 << 20} {
		path, sum := content(t, size)
		got, err := quick.Upload(t.Context(), d.Attempt(3, 1), transfer.Artifacts, name, opened(t, path))
		if err != nil {
			t.Fatal(err)
		}
		if want := (results.Artifact{Name: name, Size: int64(size), SHA256: sum}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		holds(t, b, "sweeps/s/artifacts/3/1/"+name, sum)
	}
}

func TestFilesGoStraightToS3(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon")
	b, err := s3.Open(t.Context(), "s3://kaon/team")
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	d := open(t, transfer.Config{Folder: state, Bucket: bucket.Retry(b, bucket.PatientBackoff, nil)})
	for name, size := range map[string]int{"empty": 0, "small": 10, "sub/model.bin": 40 << 20} {
		path, sum := content(t, size)
		if _, err := quick.Upload(t.Context(), d.Attempt(3, 1), transfer.Artifacts, name, opened(t, path)); err != nil {
			t.Fatal(err)
		}
		holds(t, b, "sweeps/s/artifacts/3/1/"+name, sum)
	}
	if left, err := os.ReadDir(filepath.Join(state, "uploads")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%d files passed through the server: %v", len(left), err)
	}
}

// changing changes a file in place once it is announced.
type changing struct {
	file *os.File
	at   int64
}

func (c *changing) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if c.file != nil && strings.HasSuffix(r.URL.Path, "/offer") {
		_, werr := c.file.WriteAt([]byte("changed"), c.at)
		c.file, err = nil, errors.Join(err, werr)
	}
	return resp, err
}

// The checksum that an artifact is recorded with is that of the object, also when the file changed meanwhile.
func TestChangedFileInS3HasItsOwnChecksum(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon")
	b, err := s3.Open(t.Context(), "s3://kaon")
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: bucket.Retry(b, bucket.PatientBackoff, nil)})
	for name, size := range map[string]int{"small": 100, "model.bin": 40 << 20} {
		path, was := content(t, size)
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		client := quick
		client.HTTP = &http.Client{Transport: &changing{file: f, at: int64(size) - 50}}
		got, err := client.Upload(t.Context(), d.Attempt(3, 1), transfer.Artifacts, name, opened(t, path))
		if err != nil || got.SHA256 == was {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		holds(t, b, "sweeps/s/artifacts/3/1/"+name, got.SHA256)
	}
}

// slow breaks connections of uploads after a number of bytes, and calls back.
type slow struct {
	left atomic.Int64
	then func()
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut && r.ContentLength > 0 {
		r.Body = io.NopCloser(io.TeeReader(r.Body, s))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (s *slow) Write(p []byte) (int, error) {
	if s.left.Add(-int64(len(p))) < 0 && s.then != nil {
		then := s.then
		s.then = nil
		then()
		return 0, io.ErrUnexpectedEOF
	}
	return len(p), nil
}

func TestUploadsOutliveTheServer(t *testing.T) { outlive(t, folder(t), 1) }

func TestUploadsToS3OutliveTheServer(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon")
	b, err := s3.Open(t.Context(), "s3://kaon")
	if err != nil {
		t.Fatal(err)
	}
	outlive(t, b, 0)
}

// outlive breaks an upload's connection and restarts the server, when 20 MB of 40 have been sent.
func outlive(t *testing.T, b bucket.Bucket, received int) {
	state := t.TempDir()
	c := transfer.Config{Folder: state, Bucket: b, Sweep: "s", Bind: "127.0.0.1"}
	d, err := transfer.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	path, sum := content(t, 40<<20)
	address := d.Attempt(0, 1)
	again := make(chan *transfer.Server, 1)
	cut := &slow{then: func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(filepath.Join(state, "uploads"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) != received {
			t.Errorf("half received: %v %v", left, err)
		}
		next, err := transfer.Open(c)
		if err != nil {
			t.Error(err)
		}
		again <- next
	}}
	cut.left.Store(20 << 20)
	client := quick
	client.HTTP = &http.Client{Transport: cut}
	if _, err := client.Upload(t.Context(), address, transfer.Artifacts, "m", opened(t, path)); err != nil {
		t.Fatal(err)
	}
	next := <-again
	t.Cleanup(func() { next.Close() })
	if next.Attempt(0, 1) != address {
		t.Errorf("another URL after a restart: %s", next.Attempt(0, 1))
	}
	holds(t, b, "sweeps/s/artifacts/0/1/m", sum)
	if sent := 20<<20 - cut.left.Load(); sent > 40<<20+16<<20 { // a part at most is sent twice
		t.Errorf("%d MB were sent for a file of 40", sent>>20)
	}
	if err := next.Remove(t.Context()); err != nil {
		t.Error(err)
	}
}

// What an attempt had brought of a file when it was lost is removed with what is remembered of it.
func TestForgottenAttemptLeavesNothing(t *testing.T) {
	state := t.TempDir()
	d := open(t, transfer.Config{Folder: state, Bucket: folder(t), Sweep: "s", Bind: "127.0.0.1"})
	path, _ := content(t, 40<<20)
	ctx, lost := context.WithCancel(t.Context())
	cut := &slow{then: lost}
	cut.left.Store(20 << 20)
	client := quick
	client.HTTP = &http.Client{Transport: cut}
	if _, err := client.Upload(ctx, d.Attempt(0, 1), transfer.Artifacts, "m", opened(t, path)); err == nil {
		t.Fatal("the upload was not cut")
	}
	entries := func() int {
		left, err := os.ReadDir(filepath.Join(state, "uploads"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		return len(left)
	}
	if entries() != 1 {
		t.Fatal("nothing was received: nothing is tested")
	}
	d.Forget(0, 1)
	testkit.Await(t, "an empty folder", func() bool { return entries() == 0 })
}

func TestNobodyReachesMoreThanTheirOwn(t *testing.T) {
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: folder(t), AttemptBytes: 1000})
	path, _ := content(t, 600)
	one := d.Attempt(1, 1)
	client := quick
	upload := func(address string, kind transfer.Kind, name string) error {
		_, err := client.Upload(t.Context(), address, kind, name, opened(t, path))
		return err
	}
	for title, err := range map[string]error{
		"another attempt's":  upload(strings.Replace(one, "/a/1/1/", "/a/1/2/", 1), transfer.Artifacts, "x"),
		"no code":            upload(strings.TrimSuffix(one, filepath.Base(one))+"0", transfer.Artifacts, "x"),
		"name leads out":     upload(one, transfer.Artifacts, "../../0/1/x"),
		"absolute name":      upload(one, transfer.Artifacts, "/x"),
		"kind of its own":    upload(one, "records", "x"),
		"beyond its room":    twice(func() error { return upload(one, transfer.Artifacts, "x") }, func() error { return upload(one, transfer.Artifacts, "y") }),
		"key in error":       quick.Download(t.Context(), strings.Replace(one, "/a/1/1/", "/f/", 1)+"/x", filepath.Join(t.TempDir(), "x"), ""),
		"wrong port, masked": masked(t, one),
	} {
		if err == nil {
			t.Errorf("%s: allowed", title)
		} else if strings.Contains(err.Error(), filepath.Base(one)) {
			t.Errorf("%s: the error gives the key away: %v", title, err)
		}
	}
	if err := upload(one, transfer.Logs, "stdout.zst"); err != nil {
		t.Errorf("logs count as artifacts: %v", err)
	}
}

func twice(a, b func() error) error {
	if err := a(); err != nil {
		return nil // the first should have been allowed
	}
	return b()
}

func masked(t *testing.T, address string) error {
	client := quick
	client.Patience = time.Millisecond
	path, _ := content(t, 1)
	_, rest, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "/")
	_, err := client.Upload(t.Context(), "http://127.0.0.1:1/"+rest, transfer.Artifacts, "x", opened(t, path))
	return err
}

func TestServedFilesAndSecrets(t *testing.T) {
	c := transfer.Config{Folder: t.TempDir(), Bucket: folder(t), Sweep: "s", Bind: "127.0.0.1"}
	d := open(t, c)
	path, sum := content(t, 1<<20)
	address, got, err := d.Serve(path, "kaon x")
	if err != nil || got != sum {
		t.Fatal(got, err)
	}
	if err := os.WriteFile(path+".new", []byte("another build"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := quick.Download(t.Context(), address, out, sum); err != nil {
		t.Error(err)
	}
	if err := quick.Download(t.Context(), address, out, strings.Repeat("0", 64)); err == nil || !strings.Contains(err.Error(), sum) {
		t.Errorf("a wrong checksum: %v", err)
	}
	where := d.Secrets(map[string]string{"TOKEN": "s3cret"})
	values, err := quick.FetchSecrets(t.Context(), where)
	if err != nil || values["TOKEN"] != "s3cret" {
		t.Errorf("got %v, %v", values, err)
	}
	if _, err := quick.FetchSecrets(t.Context(), where+"0"); err == nil {
		t.Error("secrets for anybody")
	}
	err = filepath.WalkDir(c.Folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("s3cret")) {
			t.Errorf("%s holds a secret", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// signing signs like S3 does, once after it refused.
type signing struct{ address string }

func (s signing) Sign(context.Context, time.Duration) (string, error) { return s.address, nil }

func (s signing) Size(context.Context) (int64, error) { return 100, nil }

func TestInputsAreRedirected(t *testing.T) {
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: folder(t)})
	path, sum := content(t, 100)
	address, _, err := d.Serve(path, "data")
	if err != nil {
		t.Fatal(err)
	}
	executors, agents := d.Redirect(signing{address}, "data")
	for _, address := range []string{executors, agents} {
		out := filepath.Join(t.TempDir(), "out")
		if err := quick.Download(t.Context(), address, out, sum); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{strings.Replace(agents, "/u/0/", "/u/1/", 1), strings.Replace(agents, "/u/", "/i/", 1)} {
		if resp, err := http.Get(bad); err != nil || resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %v, %v", bad, resp, err)
		}
	}
}

func TestPatienceEnds(t *testing.T) {
	client := quick
	client.Patience = 20 * time.Millisecond
	if err := client.Download(t.Context(), "http://127.0.0.1:1/x", filepath.Join(t.TempDir(), "x"), ""); err == nil || !strings.Contains(err.Error(), "no progress") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := quick.Download(ctx, "http://127.0.0.1:1/x", filepath.Join(t.TempDir(), "x"), ""); err == nil {
		t.Error("a cancelled download succeeded")
	}
}

// What keeps files from being taken can be asked for, until one is taken again.
func TestTrouble(t *testing.T) {
	state := t.TempDir()
	d := open(t, transfer.Config{Folder: state, Bucket: folder(t)})
	uploads := filepath.Join(state, "uploads")
	if err := os.WriteFile(uploads, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	path, _ := content(t, 10)
	hasty := quick
	hasty.Patience = 20 * time.Millisecond
	if _, err := hasty.Upload(t.Context(), d.Attempt(3, 1), transfer.Artifacts, "a", opened(t, path)); err == nil || d.Err() == nil {
		t.Fatalf("with a file where the folder for uploads would be: %v, error %v", err, d.Err())
	}
	if err := os.Remove(uploads); err != nil {
		t.Fatal(err)
	}
	if _, err := quick.Upload(t.Context(), d.Attempt(3, 1), transfer.Artifacts, "a", opened(t, path)); err != nil || d.Err() != nil {
		t.Errorf("without it: %v, error %v", err, d.Err())
	}
}

// opened is a file that is closed with the test.
func opened(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
