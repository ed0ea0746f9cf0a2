package mesos_test

import (
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/clustertest"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/testkit"
)

// Agents start this test's own program as the executor.
func TestMain(m *testing.M) {
	clustertest.Executor()
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // the laws wait most of the time
	os.Exit(m.Run())
}

// The driver does for the scheduler what the scheduler relies on, with agents that run processes: over HTTP as with any Mesos, and
// with the master in the scheduler's process as `kaon run` has it.
func TestConformance(t *testing.T) {
	t.Run("http", func(t *testing.T) {
		clustertest.Suite{
			New:    func(t *testing.T) clustertest.Engine { return newLocal(t, false) },
			Except: map[string]string{"a node that was lost while nobody was there is told of": agentsWithin},
		}.Run(t)
	})
	t.Run("inprocess", func(t *testing.T) {
		clustertest.Suite{
			New: func(t *testing.T) clustertest.Engine { return newLocal(t, true) },
			Except: map[string]string{
				"a node that was lost while nobody was there is told of": agentsWithin,
				"a master that dies is followed by another":              "the master is in the scheduler's process, and dies with it",
			},
		}.Run(t)
	})
}

const agentsWithin = "the agents are in the process that is started anew, and are started with it"

// local is a master with two agents on this machine.
type local struct {
	t      *testing.T
	conf   embedded.Config
	server *embedded.Server
	proxy  *proxy                 // to the master; nil: it is reached in this process
	way    *clustertest.Breakable // likewise, the other way round
}

func newLocal(t *testing.T, private bool) *local {
	agent := func(name string) embedded.AgentConfig {
		return embedded.AgentConfig{Name: name, Hostname: "host-" + name, CPUs: 2, MemoryMB: 1024}
	}
	l := &local{t: t, conf: embedded.Config{
		Private: private, Agents: []embedded.AgentConfig{agent("a"), agent("b")}, WorkDir: t.TempDir(), Auth: map[string]string{"me": "secret"},
		Timing: protocol.Timing{
			AllocationInterval: 5 * time.Millisecond, AgentTimeout: 100 * time.Millisecond, ResendFirst: 50 * time.Millisecond, ResendMax: 200 * time.Millisecond,
			ExecutorReregistration: testkit.Patience,
		},
	}}
	l.start()
	if private {
		l.way = &clustertest.Breakable{Way: func() http.RoundTripper { return l.server.Transport() }}
	} else {
		l.proxy = newProxy(t)
		l.proxy.lead(l.server.Addr())
	}
	return l
}

func (l *local) start() {
	l.t.Helper()
	s, err := embedded.Start(context.Background(), l.conf)
	if err != nil {
		l.t.Fatal(err)
	}
	if l.server = s; l.proxy != nil {
		l.proxy.lead(s.Addr())
	}
}

func (l *local) Nodes() (all []clustertest.Node) {
	for _, a := range l.conf.Agents {
		all = append(all, clustertest.Node{Hostname: a.Hostname, CPUs: a.CPUs, MemoryMB: a.MemoryMB})
	}
	return all
}

func (l *local) Open(framework cluster.FrameworkID) (cluster.Driver, error) {
	c := mesos.Config{Masters: []string{"127.0.0.1:0"}, Principal: "me", Secret: "secret", FrameworkID: framework, User: "nobody-in-particular",
		BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond}
	if l.proxy != nil {
		c.Masters = []string{l.proxy.address()}
	} else {
		c.Transport = l.way
	}
	return mesos.New(c)
}

func (l *local) Command(e *cluster.ExecutorInfo) {
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	e.Argv = []string{self}
}

func (l *local) Cut() {
	if l.proxy != nil {
		l.proxy.cut()
		return
	}
	l.way.Cut()
}

func (l *local) Restart() {
	l.server.Close()
	l.start()
}

func (l *local) Failover() {
	l.server.KillMaster()
	l.server.StartMaster()
}

func (l *local) Lose(node string) { l.server.KillAgent(l.agent(node)) }

func (l *local) Return(node string) {
	if err := l.server.StartAgent(l.agent(node)); err != nil {
		l.t.Error(err)
	}
}

func (l *local) agent(node string) string {
	for _, a := range l.conf.Agents {
		if a.Hostname == node {
			return a.Name
		}
	}
	l.t.Fatalf("there is no node %q", node)
	return ""
}

func (l *local) Close() {
	l.server.KillExecutors(10 * time.Second)
	l.server.Close()
	if l.proxy != nil {
		l.proxy.close()
	}
}

// proxy carries connections to where it leads, and breaks them when it is told to.
type proxy struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu   sync.Mutex
	to   string
	open map[net.Conn]bool
}

func newProxy(t *testing.T) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, open: map[net.Conn]bool{}}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.carry(c) })
		}
	})
	return p
}

func (p *proxy) lead(to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) carry(in net.Conn) {
	defer in.Close()
	p.mu.Lock()
	to := p.to
	p.mu.Unlock()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	p.mu.Lock()
	p.open[in], p.open[out] = true, true
	p.mu.Unlock()
	p.wg.Go(func() {
		_, _ = io.Copy(out, in)
		_ = out.Close()
	})
	_, _ = io.Copy(in, out)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, in)
	delete(p.open, out)
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.cut()
	p.wg.Wait()
}
