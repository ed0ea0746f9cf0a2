package s3test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// version of versitygw that tests run against.
const version = "v1.8.0"

// Credentials of every Server.
const (
	AccessKey = "kaon-test"
	SecretKey = "kaon-test-secret"
)

// Server is one running S3 server with an empty store.
type Server struct {
	URL    string // http://127.0.0.1:port
	t      *testing.T
	binary string
	store  string // its buckets are folders here
	meta   string // what it knows of objects: not every file system has extended attributes
	cmd    *exec.Cmd
	ended  chan struct{} // closed when cmd has ended
}

// Start builds the server if need be and starts one that ends with the test. It sets the AWS environment of
// the test to reach it. Where the server cannot be built the test is skipped, and fails if
// KAON_TEST_STRICT=1.
func Start(t *testing.T) *Server {
	t.Helper()
	binary, err := build()
	if err != nil {
		if os.Getenv("KAON_TEST_STRICT") == "1" {
			t.Fatal(err)
		}
		t.Skipf("no S3 server to test against: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := &Server{URL: "http://" + address, t: t, binary: binary, store: t.TempDir(), meta: t.TempDir()}
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey,
		"AWS_SESSION_TOKEN": "", "AWS_ENDPOINT_URL": s.URL, "AWS_ENDPOINT_URL_S3": "", "AWS_REGION": "us-east-1",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none} {
		t.Setenv(name, value)
	}
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// build makes the server's binary, or finds that it was made before.
func build() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "kaon-test", "versitygw-"+version)
	binary := filepath.Join(folder, "versitygw")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(folder, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "install", "github.com/versity/versitygw/cmd/versitygw@"+version)
	cmd.Dir = temp
	cmd.Env = append(os.Environ(), "GOBIN="+temp, "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build versitygw %s: %w: %s", version, err, bytes.TrimSpace(out[max(0, len(out)-500):]))
	}
	// another test process may be first; they are alike
	return binary, os.Rename(filepath.Join(temp, "versitygw"), binary)
}

// Bucket makes an empty bucket.
func (s *Server) Bucket(name string) {
	s.t.Helper()
	if err := os.Mkdir(filepath.Join(s.store, name), 0o777); err != nil {
		s.t.Fatal(err)
	}
}

// Kill ends the server at once, without a word to its clients. The store stays.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		<-s.ended
		s.cmd = nil
	}
}

// Restart starts the server again after Kill, at the same address on the same store, and waits until it
// answers.
func (s *Server) Restart() {
	s.t.Helper()
	var out bytes.Buffer
	s.cmd = exec.Command(s.binary, "--quiet", "--port", s.URL[len("http://"):], "--access", AccessKey,
		"--secret", SecretKey,
		"posix", "--sidecar", s.meta, s.store)
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd, ended := s.cmd, make(chan struct{})
	s.ended = ended
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	for {
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
			return
		}
		select {
		case <-s.ended:
			s.t.Fatalf("the S3 server ended: %s", out.Bytes())
		case <-ctx.Done():
			s.Kill()
			s.t.Fatalf("the S3 server does not answer: %v: %s", err, out.Bytes())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
