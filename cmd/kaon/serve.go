package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/listen"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/mcp"
	"github.com/kaon-sweep/kaon/server/scaling"
	"github.com/kaon-sweep/kaon/server/service"
	"github.com/kaon-sweep/kaon/server/ui"
)

type serveCmd struct {
	Listen  []string `placeholder:"HOST:PORT" help:"Answer at this address, too, those who know a token; may be repeated. Beyond this machine with --tls-cert."`
	TLSCert string   `name:"tls-cert" placeholder:"FILE" help:"Certificate for --listen, PEM; read again when it changes."`
	TLSKey  string   `name:"tls-key" placeholder:"FILE" help:"Its key, PEM."`
	Open    bool     `help:"Open the dashboard in the browser when it serves."`
	Plain   bool     `help:"Listen beyond this machine without TLS: tokens can then be read on the network, unless a proxy in front has TLS."`
	Rate    float64  `default:"100" placeholder:"N" help:"How many requests a second each caller with a token may make; 0: as many as they like (${default})."`
	standbyFlags
	webhookFlags
	oidcFlags
	certificateFlags
	scalingFlags
	traceFlags
	workFlags

	// What check has read of the flags.
	issued    *access.People       // nil: no issuer's
	certified *access.Certificates // nil: nobody is known by one
	rules     []scaling.Group
}

func (c *serveCmd) Help() string {
	return "Runs the sweeps that `kaon submit` hands in, from as many shells and people as there are, until it " +
		"is stopped; " +
		"started again it goes on with all that has not ended. Your own commands find it by its socket. Others " +
		"need --listen and a token of `kaon token create`."
}

// serveFolder is the name of a server's folder among those of single sweeps, whose names end in six letters.
const serveFolder = "serve"

// closePatience is how long a server that is stopped may take to store what is left.
const closePatience = 30 * time.Second

func (c *serveCmd) Run(ctx context.Context, out *output) error {
	if err := c.check(); err != nil {
		return usage(err)
	}
	if err := server.CheckOpenFiles(); err != nil {
		return err
	}
	out.evenUnread()
	r, stop, err := c.runner(ctx, out)
	if err != nil {
		return err
	}
	defer stop()
	folder, err := filepath.Abs(c.state(serveFolder))
	if err != nil {
		return err
	}
	turn, err := c.turn(ctx, out, folder, c.unfitToStandBy(), c.standBy)
	if err != nil {
		return err
	}
	defer turn.end()
	pages := &loopback{}
	svc, told, err := c.open(ctx, r, turn, pages)
	if err != nil {
		return err
	}
	err = c.serve(ctx, out, r, svc, turn, pages, told)
	last, cancel := lastWork(closePatience)
	defer cancel()
	if closed := svc.Close(last); closed != nil {
		err = errors.Join(err, unreachable(closed))
	}
	return err
}

// open opens the service that the flags describe.
func (c *serveCmd) open(
	ctx context.Context, r *runner, turn turn, pages *loopback,
) (*service.Service, *notices, error) {
	cfg, told, err := r.config()
	if err != nil {
		return nil, nil, err
	}
	cfg.Folder, cfg.FrameworkName, cfg.Fence = turn.folder, "kaon", turn.fence()
	place, err := c.resultsPlace()
	if err != nil {
		return nil, nil, err
	}
	hooks, err := c.sender(r.log)
	if err != nil {
		return nil, nil, err
	}
	spans, err := c.exporter(r.log)
	if err != nil {
		return nil, nil, err
	}
	advice, err := c.advice(r.log)
	if err != nil {
		return nil, nil, err
	}
	svc, err := service.Open(ctx, service.Config{
		Server: cfg, Results: place, Runs: filepath.Join(turn.folder, workflowsFolder), Scaling: advice, Hooks: hooks,
		Spans: spans,
		API: api.Config{
			Folders: turn.uploads, Place: absolutePlace(c.Results),
			Access: access.Config{People: c.issued, Certificates: c.certified, Rate: c.rate()},
			UI:     ui.Handler(), Browser: pages.open, Metrics: r.stats.write,
		},
	})
	return svc, told, err
}

// rate is what --rate stands for.
func (c *serveCmd) rate() float64 {
	if c.Rate == 0 {
		return -1
	}
	return c.Rate
}

// check reads what the flags name, before anything is opened, and refuses what would let everybody in.
func (c *serveCmd) check() (err error) {
	if c.issued, err = c.people(); err != nil {
		return err
	}
	if c.certified, err = c.authorities(); err != nil {
		return err
	}
	if c.certified != nil && c.issued != nil {
		if err := c.onePersonOneName(); err != nil {
			return err
		}
	}
	if c.rules, err = c.groups(); err != nil {
		return err
	}
	if len(c.Webhook) > 0 || slices.ContainsFunc(c.rules, func(g scaling.Group) bool { return g.Webhook != "" }) {
		if _, err := c.webhookConfig(); err != nil {
			return err
		}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	if c.TLSCert == "" && c.ClientCA != "" {
		return errors.New("--client-ca: clients show certificates by TLS alone: give --tls-cert and --tls-key")
	}
	if c.Rate < 0 || c.Rate > 1e6 {
		return fmt.Errorf("--rate %v: want a number of requests a second, or 0 for no bound", c.Rate)
	}
	for _, address := range c.Listen {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("--listen %q: want HOST:PORT", address)
		}
		if !listen.Loopback(address) && c.TLSCert == "" && !c.Plain {
			return fmt.Errorf("--listen %s can be reached by other machines, and tokens could be read on the "+
				"way: give --tls-cert and --tls-key, "+
				"or --plain where something in front of it has TLS", address)
		}
	}
	return nil
}

// serve answers until ctx ends or the scheduler does.
func (c *serveCmd) serve(
	ctx context.Context, out *output, r *runner, svc *service.Service, turn turn, pages *loopback, told *notices,
) error {
	defer pages.close()
	pages.handler = svc.API.Handler()
	count := func(w io.Writer) { svc.API.WriteMetrics(ctx, w) }
	r.stats.more.Store(&count)
	turn.waits()
	listeners, addresses, err := c.listen(turn.guard(svc.API.Handler()), filepath.Join(turn.folder, apiSocket), r.log)
	if err != nil {
		return usage(err)
	}
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	forget, err := announce(addresses[0], absolutePlace(c.Results))
	if err != nil {
		fmt.Fprintf(out.stderr, "kaon: warning: other commands find this server only by KAON_SERVER=%s: %v\n",
			addresses[0], err)
	}
	defer forget()
	for _, address := range addresses[1:] {
		pages.knows(address)
	}
	if err := c.say(out, addresses, svc.Server.Place()); err != nil {
		return err
	}
	if c.Open {
		if err := (&uiCmd{Open: true, serverFlags: serverFlags{Server: addresses[0]}}).Run(ctx,
			&output{out.stderr, out.stderr}); err != nil {
			fmt.Fprintf(out.stderr, "kaon: warning: the dashboard cannot be opened: %v\n", err)
		}
	}
	ended := make(chan error, 1)
	crash.Go(func() { ended <- svc.Run(ctx) })
	tell := c.teller(out)
	for {
		select {
		case err := <-ended:
			return err
		case line := <-told.lines:
			if !c.Quiet {
				tell(line)
			}
		}
	}
}

// teller shows what people should know, in the form that the log has.
func (c *serveCmd) teller(out *output) func(line string) {
	if c.LogFormat == logJSON {
		told := newLog(out.stderr, slog.LevelInfo.String(), logJSON)
		return func(line string) { told.Info(line) }
	}
	return func(line string) { fmt.Fprintf(out.stderr, "kaon: %s\n", line) }
}

// apiSocket, in a server's folder, is where this user's own commands ask it.
const apiSocket = "api.sock"

// listen begins to answer at the socket and at the addresses given. What it answers is ready.
func (c *serveCmd) listen(
	answers http.Handler, socket string, log *slog.Logger,
) (servers []*http.Server, addresses []string, err error) {
	handler := mcp.Beside(answers, versionString())
	start := func(l net.Listener, h http.Handler, local bool, address string) {
		one := listen.Server(h, log)
		one.WriteTimeout = 0 // streams have no end
		if local {
			one.ConnContext = access.Local
		}
		crash.Go(func() { _ = one.Serve(l) }) // ends by Close
		servers, addresses = append(servers, one), append(addresses, address)
	}
	l, err := listen.Unix(socket)
	if err != nil {
		return nil, nil, err
	}
	absolute, err := filepath.Abs(socket)
	if err != nil {
		return nil, nil, err
	}
	start(listen.Limit(l), handler, true, "unix://"+absolute)
	secure, err := c.secure()
	if err != nil {
		return servers, nil, err
	}
	for _, address := range c.Listen {
		l, scheme, err := listenAt(address, secure)
		if err != nil {
			return servers, nil, err
		}
		host, _, _ := net.SplitHostPort(address)
		start(l, c.hosts(address, host, handler), false, scheme+"://"+l.Addr().String())
	}
	return servers, addresses, nil
}

// unfitToStandBy is why a server of the cluster that is given cannot stand by; empty: it can.
func (c *serveCmd) unfitToStandBy() string {
	switch {
	case c.Cluster == localCluster:
		return "the cluster of this machine ends with its server, so that no other could go on: give --cluster"
	case inPods(c.Cluster):
		return "what runs in pods speaks to one server alone: have Kubernetes start that again when it dies, " +
			"as deploy/kubernetes does"
	}
	return ""
}

// standBy answers at the addresses of --listen that another server works, for what balances between them.
func (c *serveCmd) standBy() (end func(), err error) {
	var all []*http.Server
	end = func() {
		for _, one := range all {
			_ = one.Close() // nothing is under way there
		}
	}
	secure, err := c.secure()
	if err != nil {
		return nil, err
	}
	for _, address := range c.Listen {
		l, _, err := listenAt(address, secure)
		if err != nil {
			end()
			return nil, err
		}
		one := listen.Server(http.HandlerFunc(answerStandingBy), slog.New(slog.DiscardHandler))
		all = append(all, one)
		crash.Go(func() { _ = one.Serve(l) }) // ends by Close
	}
	return end, nil
}

// secure is how TLS is spoken; nil: it is not.
func (c *serveCmd) secure() (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	certificate, err := newReread(c.TLSCert, func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		return &pair, err
	})
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s: %w", c.TLSCert, err)
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate.get(), nil },
	}
	return config, c.ask(config)
}

// listenAt listens at an address of --listen.
func listenAt(address string, secure *tls.Config) (l net.Listener, scheme string, err error) {
	if l, err = net.Listen("tcp", address); err != nil {
		return nil, "", fmt.Errorf("--listen %s: %w", address, err)
	}
	l = listen.Limit(l)
	if secure == nil {
		return l, "http", nil
	}
	// Outermost, as an http.Server knows what was said in TLS, and the certificates shown, only of a connection that is
	// TLS itself.
	return tls.NewListener(l, secure), "https", nil
}

// hosts has a listener on this machine asked by its own names alone: no web page gets there by a name of its own.
// Beyond it a token is needed anyway, and the names are the operator's.
func (c *serveCmd) hosts(address, host string, h http.Handler) http.Handler {
	if listen.Loopback(address) {
		return listen.Hosts(address, []string{host}, h)
	}
	return h
}

// served is what `kaon serve --json` prints when it is ready: a contract for scripts.
type served struct {
	Server  string   `json:"server"` // of this user's own commands
	Listen  []string `json:"listen"` // of those with a token
	Place   string   `json:"place"`
	Results string   `json:"results"`
}

func (c *serveCmd) say(out *output, addresses []string, place string) error {
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(served{addresses[0], append([]string{}, addresses[1:]...), place,
			absolutePlace(c.Results)})
	}
	if _, err := fmt.Fprintf(out.stdout, "serving sweeps on %s, results in %s; hand one in with: kaon submit SPEC\n",
		place, c.Results); err != nil {
		return err
	}
	for _, address := range addresses[1:] {
		if _, err := fmt.Fprintf(out.stdout, "with a token also at %s: kaon token create NAME makes one; there: "+
			"kaon login %s\n", address, address); err != nil {
			return err
		}
	}
	return nil
}
