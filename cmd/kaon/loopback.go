package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// loopback is a server's address for browsers of this machine: one that it listens at anyway, or a port of 127.0.0.1
// that is opened when somebody first asks for it. Whoever comes there is nobody known until a session has begun.
type loopback struct {
	handler http.Handler

	mu      sync.Mutex
	address string
	server  *http.Server // nil: none of its own
}

// knows has an address that is listened at used, if it is of this machine.
func (l *loopback) knows(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, err := url.Parse(address)
	if l.address == "" && err == nil && listen.Loopback(at.Host) {
		l.address = address
	}
}

func (l *loopback) open() (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.address != "" {
		return l.address, nil
	}
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for a browser: %w", err)
	}
	l.server = listen.Server(listen.Hosts(port.Addr().String(), nil, l.handler), nil)
	l.server.WriteTimeout = 0 // streams have no end
	one := l.server
	crash.Go(func() { _ = one.Serve(listen.Limit(port)) }) // ends by close
	l.address = "http://" + port.Addr().String()
	return l.address, nil
}

func (l *loopback) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil {
		l.server.Close()
	}
}
