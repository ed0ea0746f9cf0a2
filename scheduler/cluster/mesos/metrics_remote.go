package mesos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// Measures are what a master and its agents say of themselves at one moment, in /metrics/snapshot.
type Measures struct {
	Master  string // host:port that answered
	Of      map[string]float64
	Agents  []AgentMeasures
	Lacking error // why some agents' are missing; nil: none are
}

// AgentMeasures are those of one agent.
type AgentMeasures struct {
	Address string // host:port
	Of      map[string]float64
}

// Measure asks the masters in turn, and all agents of the first that answers.
func Measure(ctx context.Context, c Config) (Measures, error) {
	a, end, err := newJSONClient(c)
	if err != nil {
		return Measures{}, err
	}
	defer end()
	var failed error
	for _, master := range c.Masters {
		m := Measures{Master: master}
		if err := a.get(ctx, a.scheme+"://"+master+"/metrics/snapshot", &m.Of); err != nil {
			failed = errors.Join(failed, fmt.Errorf("read the metrics of %s: %w", master, err))
			continue
		}
		a.agents(ctx, &m)
		return m, nil
	}
	return Measures{}, failed
}

// agents reads the agents' own. An agent that cannot be asked lacks: it may be behind a firewall.
func (a jsonClient) agents(ctx context.Context, m *Measures) {
	var agents struct{ Slaves []struct{ PID string } }
	if err := a.get(ctx, a.scheme+"://"+m.Master+"/slaves", &agents); err != nil {
		m.Lacking = fmt.Errorf("read the agents of %s: %w", m.Master, err)
		return
	}
	for _, agent := range agents.Slaves {
		_, address, _ := strings.Cut(agent.PID, "@")
		if address == m.Master { // it runs in the master's process, as those of kaon cluster do
			continue
		}
		one := AgentMeasures{Address: address}
		if err := a.get(ctx, a.scheme+"://"+address+"/metrics/snapshot", &one.Of); err != nil {
			m.Lacking = fmt.Errorf("read the metrics of agent %s: %w", address, err)
			continue
		}
		m.Agents = append(m.Agents, one)
	}
}

// newJSONClient asks with the credentials and the TLS of a configuration; end closes its connections.
func newJSONClient(c Config) (a jsonClient, end func(), err error) {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: checked(&net.Dialer{Timeout: askWait},
		c.Check)}
	a = jsonClient{client: &http.Client{Timeout: askWait, Transport: t}, scheme: "http", principal: c.Principal,
		secret: c.Secret}
	if c.TLS.Enabled {
		tls, err := tlsConfig(c.TLS)
		if err != nil {
			return a, nil, err
		}
		a.scheme, t.TLSClientConfig = "https", tls
	}
	return a, t.CloseIdleConnections, nil
}
