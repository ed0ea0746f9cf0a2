package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/ledger"
	"github.com/kaon-sweep/kaon/scheduler/listen"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
)

type clusterCmd struct {
	Listen    string        `default:"127.0.0.1:5050" placeholder:"HOST:PORT" help:"Address of the scheduler API (${default})."`
	Agent     []string      `placeholder:"KEY=VALUE,…" sep:"none" help:"A local agent: name=, host=, cpus=, mem= and disk= (MB, or as in 4GB), gpus=, ports= (as in 31000-32000), and any other key as an attribute; may be repeated. None: this machine."`
	Simulate  int           `placeholder:"N" help:"Add so many agents that run nothing: their tasks end after --task-time."`
	TaskTime  time.Duration `default:"0s" help:"How long tasks of simulated agents take (${default})."`
	Points    int           `name:"task-points" default:"0" placeholder:"N" help:"How many points of a metric named loss tasks of simulated agents report (${default})."`
	Work      string        `default:"kaon-cluster" placeholder:"DIR" help:"Folder for sandboxes and what agents remember (${default})."`
	Cache     int64         `name:"fetcher-cache" default:"2048" placeholder:"MB" help:"How much an agent keeps of what it fetched, in MB; Mesos's is ${default}."`
	Allocate  time.Duration `default:"1s" help:"Time between allocations of freed resources; Mesos's is ${default}."`
	Principal string        `env:"KAON_PRINCIPAL" placeholder:"@FILE" help:"Ask schedulers for the NAME:SECRET in a file that only you may read, or in the variable; made up when left out."`
	NoAuth    bool          `name:"no-auth" help:"Ask nobody: every user of this machine can then run commands as you. On loopback addresses only."`
	Log       string        `enum:"none,error,warn,info,debug" default:"warn" help:"Level of the log on standard error: none, error, warn, info or debug."`
	LogFormat string        `name:"log-format" enum:"text,json" default:"text" help:"Format of the log: text or json (${default})."`
	JSON      bool          `help:"Print the address as JSON."`
}

// Run serves until a signal. Executors are left running, as Mesos leaves them.
func (c *clusterCmd) Run(ctx context.Context, out *output) error {
	cfg := embedded.Config{
		Listen: c.Listen, WorkDir: c.Work, Cache: c.Cache << 20, Log: newLog(out.stderr, c.Log, c.LogFormat),
		Timing: protocol.Timing{AllocationInterval: c.Allocate},
	}
	for _, text := range c.Agent {
		agent, err := parseAgent(text)
		if err != nil {
			return usage(err)
		}
		cfg.Agents = append(cfg.Agents, agent)
	}
	if c.Simulate > 0 {
		cfg.Simulated = &embedded.Simulation{Agents: c.Simulate, Behave: simulatedTasks{c.TaskTime, c.Points}.behave}
	} else if len(cfg.Agents) == 0 {
		machine, err := server.ThisMachine(".", "")
		if err != nil {
			return err
		}
		cfg.Agents = []embedded.AgentConfig{machine}
	}
	var err error
	if cfg.Listen, err = c.address(); err != nil {
		return usage(err)
	}
	file, forget, err := c.authenticate(&cfg)
	if err != nil {
		return usage(err)
	}
	defer forget()
	if c.NoAuth {
		fmt.Fprintln(out.stderr, "kaon: warning: --no-auth: every user of this machine can run commands as you "+
			"by this cluster")
	}
	out.evenUnread()
	server, err := embedded.Start(ctx, cfg)
	if err != nil {
		return usage(err)
	}
	defer server.Close()
	if c.JSON {
		said := map[string]any{"cluster": "mesos://" + server.Addr(), "agents": len(cfg.Agents) + c.Simulate}
		if file != "" {
			said["credentials"] = file
		}
		err = json.NewEncoder(out.stdout).Encode(said)
	} else {
		_, err = fmt.Fprintf(out.stdout, "serving mesos://%s with %s; try: kaon run SPEC --cluster mesos://%s\n",
			server.Addr(), plural(len(cfg.Agents)+c.Simulate, "agent"), server.Addr())
		if file != "" {
			_, _ = fmt.Fprintf(out.stdout, "credentials are in %s, where your own kaon finds them; elsewhere: "+
				"%s=FILE kaon run SPEC --cluster mesos://%s\n", file, credentialsVariable, server.Addr())
		}
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// address is where to listen: a free port is chosen before the credentials, which are kept by it.
func (c *clusterCmd) address() (string, error) {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", fmt.Errorf("--listen %q: want HOST:PORT", c.Listen)
	}
	if port != "0" {
		return c.Listen, nil
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return "", fmt.Errorf("--listen %q: %w", c.Listen, err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// authenticate says who may subscribe: who --principal says, or else who can read the file it returns. The caller must
// call forget at the end.
func (c *clusterCmd) authenticate(cfg *embedded.Config) (file string, forget func(), err error) {
	forget = func() {}
	if c.NoAuth && c.Principal != "" {
		return "", forget, errors.New("--no-auth asks nobody: leave it or --principal out")
	}
	if folder, err := ledger.Folder(); err == nil {
		removeDeadCredentials(folder)
	}
	var name, secret string
	switch {
	case c.Principal != "":
		name, secret, err = givenCredentials("--principal", c.Principal, principalVariable)
	case !listen.Loopback(cfg.Listen):
		return "", forget, fmt.Errorf("--listen %s can be reached from other machines, and whoever subscribes "+
			"runs commands as you: "+
			"write NAME:SECRET to a file and give --principal @FILE, or listen on 127.0.0.1", c.Listen)
	case c.NoAuth:
		return "", forget, nil
	case strings.HasSuffix(c.Listen, ":0"):
		name, secret, file, forget, err = makeCredentialsOnce(cfg.Listen)
	default:
		name, secret, file, err = makeCredentials(cfg.Listen)
	}
	if err != nil {
		return "", func() {}, err
	}
	cfg.Auth = map[string]string{name: secret}
	return file, forget, nil
}

// amountWords are the amounts that an --agent may say.
var amountWords = []string{"cpus", "mem", "memory", "disk", "gpus", "ports"}

// parseAgent reads name=a,cpus=4,mem=4000,ports=31000-32000,rack=r1.
func parseAgent(text string) (embedded.AgentConfig, error) {
	a := embedded.AgentConfig{CPUs: 1, MemoryMB: 1024, DiskMB: 10240}
	amounts := map[string]*float64{"cpus": &a.CPUs, "mem": &a.MemoryMB, "disk": &a.DiskMB, "gpus": &a.GPUs}
	for _, pair := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return a, fmt.Errorf("--agent %q: %q is no KEY=VALUE", text, pair)
		}
		if key == "memory" {
			key = "mem"
		}
		number, err := strconv.ParseFloat(value, 64)
		if key == "mem" || key == "disk" {
			number, err = sweep.ParseMB(value)
		}
		switch amount := amounts[key]; {
		case amount != nil && (err != nil || number < 0):
			return a, fmt.Errorf("--agent %q: %s=%s: want a number", text, key, value)
		case amount != nil:
			*amount = number
		case key == "ports":
			low, high, ranged := strings.Cut(value, "-")
			if !ranged {
				high = low
			}
			first, wrong := strconv.ParseUint(low, 10, 16)
			last, err := strconv.ParseUint(high, 10, 16)
			if wrong != nil || err != nil || first == 0 || last < first {
				return a, fmt.Errorf("--agent %q: ports=%s: want FIRST-LAST, such as ports=31000-32000", text, value)
			}
			a.Ports = [2]uint64{first, last}
		case key == "name":
			a.Name = value
		case key == "host":
			a.Hostname = value
		case err == nil && sweep.Nearest(key, amountWords) != "": // and the agent would have less than it should
			return a, fmt.Errorf("--agent %q: %s=%s: did you mean %s? An attribute of that name would hold a word",
				text,
				key, value, sweep.Nearest(key, amountWords))
		case err == nil:
			a.Attributes = append(a.Attributes, embedded.Attribute{Name: key, Number: number})
		default:
			a.Attributes = append(a.Attributes, embedded.Attribute{Name: key, Text: value})
		}
	}
	if a.Hostname == "" {
		a.Hostname = a.Name
	}
	return a, nil
}
