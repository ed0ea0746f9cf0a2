package executor

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// dialer connects to the agent by TCP and to nobody else: an executor that outlives its agent goes on asking
// at its address, and must not show its token to whoever took the port.
type dialer struct {
	conf *Config

	mu    sync.Mutex
	asked bool
	uids  []int // of who listened there right after the agent had started us; empty: that cannot be seen
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: callTimeout, KeepAlive: 15 * time.Second}
	conn, err := plain.DialContext(ctx, network, address)
	if err != nil || d.conf.Token == "" {
		return conn, err
	}
	if err := d.check(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (d *dialer) check(conn net.Conn) error {
	if at := strings.LastIndexByte(d.conf.Token, '.'); at > 0 && d.conf.Proves && !d.conf.HTTPS {
		return listen.Demand(conn, d.conf.Agent, d.conf.Token[:at], []byte(d.conf.Token[at+1:]))
	}
	uids, err := listen.Owners(conn)
	if err != nil {
		return nil // it cannot be told here, as little as on another machine
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.asked {
		d.asked, d.uids = true, uids
	}
	for _, uid := range uids {
		if len(d.uids) > 0 && uid != 0 && !slices.Contains(d.uids, uid) {
			return &listen.ForeignError{Address: conn.RemoteAddr().String(), UID: uid}
		}
	}
	return nil
}

// callTimeout is for an agent on the same host to answer.
const callTimeout = 15 * time.Second
