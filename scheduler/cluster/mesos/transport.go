package mesos

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// connections bounds concurrent connections to one master: one holds the stream, the rest carry calls.
const connections = 16

// newClient makes the HTTP client of one driver. Its redirects are the caller's business, and it stays with
// HTTP/1.1, which is all that Mesos speaks.
func newClient(c Config) (*http.Client, error) {
	elsewhere := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.Transport != nil {
		return &http.Client{Transport: c.Transport, CheckRedirect: elsewhere}, nil
	}
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         checked(&net.Dialer{Timeout: c.CallTimeout, KeepAlive: 15 * time.Second}, c.Check),
		TLSHandshakeTimeout: c.CallTimeout,
		MaxIdleConnsPerHost: connections,
		MaxConnsPerHost:     connections,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
		WriteBufferSize:     64 << 10,
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	if c.TLS.Enabled {
		conf, err := tlsConfig(c.TLS)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig = conf
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: elsewhere,
	}, nil
}

// checked dials, and closes what check refuses.
func checked(d *net.Dialer, check func(net.Conn) error) func(ctx context.Context, network,
	address string) (net.Conn, error) {
	if check == nil {
		return d.DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if err := check(conn); err != nil {
			conn.Close()
			return nil, err
		}
		return conn, nil
	}
}

func tlsConfig(c TLS) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.Insecure}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("read trusted roots: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read trusted roots %q: no certificate in it: want PEM", c.CA)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("read client certificate %q: %w", c.Cert, err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}
