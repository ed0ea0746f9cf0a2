package kubernetes

import (
	"context"
	"net"
	"sync"
)

// dialed keeps the connections that are open, so that all can be ended.
type dialed struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	mu   sync.Mutex
	open map[*dialedConn]bool
}

type dialedConn struct {
	net.Conn
	of *dialed
}

func (d *dialed) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	x := &dialedConn{conn, d}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[x] = true
	return x, nil
}

// Close implements net.Conn.
func (x *dialedConn) Close() error {
	x.of.mu.Lock()
	delete(x.of.open, x)
	x.of.mu.Unlock()
	return x.Conn.Close()
}

// end closes all: what goes on in them breaks, and is begun again by who asked for it.
func (d *dialed) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for x := range d.open {
		_ = x.Conn.Close()
	}
	clear(d.open)
}
