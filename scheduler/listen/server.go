package listen

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Bounds of every server. Streams and uploads bound their bodies themselves, by a deadline for each read or
// write.
const (
	HeaderWait = 10 * time.Second // for the headers of a request to arrive
	idleWait   = 2 * time.Minute  // between two requests; longer than kaon's own clients keep connections
	maxHeader  = 64 << 10
)

// Server makes a server with those bounds. What a handler has to say goes to the log at debug.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	s := &http.Server{
		Handler: crash.Handler(h), ReadHeaderTimeout: HeaderWait, IdleTimeout: idleWait, MaxHeaderBytes: maxHeader,
	}
	if log != nil {
		s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	}
	return s
}

// maxConnections is how many connections one listener holds at once; a twentieth of that is a busy agent's.
const maxConnections = 4096

// Limit bounds how many connections of a listener are open at once: 4,096, or a quarter of the file
// descriptors that this process may have. More wait in the kernel's queue.
func Limit(l net.Listener) net.Listener {
	n := maxConnections
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil && files.Cur/4 < uint64(n) {
		n = max(8, int(files.Cur/4))
	}
	return &limited{Listener: l, room: make(chan struct{}, n), closed: make(chan struct{})}
}

type limited struct {
	net.Listener
	room   chan struct{} // holds one for each open connection
	closed chan struct{}
	once   sync.Once
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.room <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.room
		return nil, err
	}
	return &conn{Conn: c, release: func() { <-l.room }}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type conn struct {
	net.Conn
	once    sync.Once
	release func()
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.release)
	return err
}

// ReadFrom lets files go to the connection by sendfile.
func (c *conn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }
