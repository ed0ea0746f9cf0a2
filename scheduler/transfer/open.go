package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// Open starts serving. The caller must Close.
func Open(c Config) (*Server, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(c.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the file server's folder: %w", err)
	}
	srv := &Server{conf: c, done: make(chan struct{}), room: make(chan struct{}, concurrent), writing: newWriting()}
	srv.signer, _ = bucket.SignerOf(c.Bucket)
	srv.mu.files = map[string]*servedFile{}
	srv.mu.attempts = map[attemptID]*attemptUploads{}
	srv.mu.children, srv.mu.gathered = map[string]http.Handler{}, !c.Gathers
	var err error
	if srv.key, err = openKey(filepath.Join(c.Folder, keyFile)); err != nil {
		return nil, err
	}
	if c.Parent != nil {
		err = c.Parent.adopt(srv)
	} else {
		err = srv.serve()
	}
	if err != nil {
		return nil, err
	}
	return srv, nil
}

// serve listens, and answers until Close.
func (srv *Server) serve() error {
	c := srv.conf
	listener, err := srv.listen()
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	srv.end = end
	srv.httpServer = listen.Server(listen.Hosts(net.JoinHostPort(c.Bind, "0"), []string{c.Host}, srv.family()),
		c.Log)
	srv.httpServer.IdleTimeout, srv.httpServer.MaxHeaderBytes = idleWait, maxHeader
	srv.httpServer.BaseContext = func(net.Listener) context.Context { return ctx }
	crash.Go(func() {
		defer close(srv.done)
		_ = srv.httpServer.Serve(listen.Limit(listener)) // Close ends it
	})
	return nil
}

// listen takes the port of the last time if it is free: running attempts know it.
func (srv *Server) listen() (net.Listener, error) {
	path := filepath.Join(srv.conf.Folder, addressFile)
	port := srv.conf.Port
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the file server's port: %w", err)
	}
	last, _ := strconv.Atoi(strings.TrimSpace(string(before)))
	if port == 0 {
		port = last
	}
	l, err := net.Listen("tcp", net.JoinHostPort(srv.conf.Bind, strconv.Itoa(port)))
	if err != nil && srv.conf.Port == 0 && last != 0 {
		srv.conf.Log.Warn("the port of the last time is taken; attempts that run cannot deliver files",
			"port", last, "error", err)
		l, err = net.Listen("tcp", net.JoinHostPort(srv.conf.Bind, "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("listen for executors: %w", err)
	}
	port = l.Addr().(*net.TCPAddr).Port
	host := srv.conf.Host
	if host == "" {
		host = srv.conf.Bind
	}
	srv.base = "http://" + net.JoinHostPort(host, strconv.Itoa(port))
	if port == last {
		return l, nil
	}
	if err := durable.Replace(path, []byte(strconv.Itoa(port)+"\n")); err != nil {
		l.Close()
		return nil, fmt.Errorf("keep the file server's port: %w", err)
	}
	return l, nil
}

// Close stops serving. What is half received stays for the next time, and is written to no more when Close returns.
func (srv *Server) Close() error {
	if srv.conf.Parent != nil {
		srv.conf.Parent.release(srv)
		srv.writing.close()
		return nil
	}
	srv.end()
	err := srv.httpServer.Close()
	<-srv.done
	srv.writing.close()
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, f := range srv.mu.files {
		f.content.Close()
	}
	return err
}

// Remove deletes what the sweep left half received, in the state folder and in the bucket. No attempt may
// run; those of a retry may follow.
func (srv *Server) Remove(ctx context.Context) error {
	err := os.RemoveAll(filepath.Join(srv.conf.Folder, uploadFolder))
	if srv.signer != nil {
		err = errors.Join(err, srv.signer.AbortMultipart(ctx, results.ObjectName(srv.conf.Sweep, "")))
	}
	if err != nil {
		return fmt.Errorf("remove half-received files: %w", err)
	}
	return nil
}
