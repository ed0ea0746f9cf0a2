package executor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"
)

const (
	mediaType = "application/x-protobuf"
	apiPath   = "/api/v1/executor"

	// maxRecord bounds one event; Mesos sends no protobuf message beyond 64 MiB.
	maxRecord = 64 << 20
	// connections bounds concurrent updates; one more connection holds the stream.
	connections = 4
	maxText     = 1024
)

// agent is the HTTP side of one Mesos agent's executor API.
type agent struct {
	conf   *Config
	client *http.Client
	url    string
	header http.Header
}

// statusError is an answer of the agent other than yes.
type statusError struct {
	call string
	code int
	text string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s answered by %d %s: %s", e.call, e.code, http.StatusText(e.code), e.text)
}

func newAgent(conf *Config) (*agent, error) {
	t := &http.Transport{
		DialContext:           (&dialer{conf: conf}).dial,
		MaxIdleConnsPerHost:   connections + 1,
		MaxConnsPerHost:       connections + 1,
		IdleConnTimeout:       time.Minute, // sooner than agents hang up
		ResponseHeaderTimeout: callTimeout,
		DisableCompression:    true,
		TLSNextProto:          map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	if conf.Socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: callTimeout}).DialContext(ctx, "unix", conf.Socket)
		}
	}
	a := &agent{conf: conf, client: &http.Client{Transport: t}, url: "http://" + conf.Agent + apiPath}
	a.header = http.Header{
		"Content-Type": {mediaType}, "Accept": {mediaType}, "User-Agent": {"kaon executor"},
	}
	if conf.Through != nil {
		a.client.Transport = conf.Through
	}
	if conf.Token != "" {
		a.header.Set("Authorization", "Bearer "+conf.Token)
	}
	if conf.HTTPS {
		a.url = "https://" + conf.Agent + apiPath
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: conf.CA == ""}
		if conf.CA != "" {
			pem, err := os.ReadFile(conf.CA)
			if err != nil {
				return nil, fmt.Errorf("read trusted roots: %w", err)
			}
			t.TLSClientConfig.RootCAs = x509.NewCertPool()
			if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("read trusted roots %q: no certificate in it", conf.CA)
			}
		}
	}
	return a, nil
}

// subscribe opens the stream; the caller closes it.
func (a *agent) subscribe(ctx context.Context, c *api.Call) (io.ReadCloser, error) {
	resp, err := a.post(ctx, c)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refused(c, resp)
	}
	return resp.Body, nil
}

// send delivers one call and waits for the agent's answer.
func (a *agent) send(ctx context.Context, c *api.Call) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := a.post(ctx, c)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusAccepted && resp.StatusCode != http.StatusOK {
		return refused(c, resp)
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxText) // so that the connection is used again
	return resp.Body.Close()
}

func (a *agent) post(ctx context.Context, c *api.Call) (*http.Response, error) {
	c.ExecutorID = mesosapi.ExecutorID{Value: a.conf.Executor}
	c.FrameworkID = mesosapi.FrameworkID{Value: a.conf.Framework}
	body, err := c.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", c.Type, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = a.header
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("send %s: %w", c.Type, err)
	}
	return resp, nil
}

func refused(c *api.Call, resp *http.Response) error {
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxText))
	return &statusError{call: c.Type.String(), code: resp.StatusCode, text: strings.TrimSpace(string(text))}
}
