package kubernetestest

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Options are how a Cluster is to be.
type Options struct {
	Images      map[string]Image // by name; others cannot be pulled
	Scheduler   bool             // pods without a node get the first that they fit on
	BookmarkGap time.Duration    // how often watches that want bookmarks get one; 0: every second
	StartDelay  time.Duration    // how long a container takes to start
}

// Image is what stands for a container image.
type Image struct {
	Entrypoint []string
	Files      map[string]string // path in the image: path on this machine
	Env        []string          // KEY=VALUE
	User       int               // 0 is root
	WorkingDir string
}

// Cluster is an API server with its nodes.
type Cluster struct {
	t       testing.TB
	options Options
	store   *store
	faults  faults
	address string
	ca      []byte
	cert    tls.Certificate
	folder  string

	mu struct {
		sync.Mutex
		up       bool
		server   *http.Server
		serving  chan struct{} // closed when it serves no more
		epoch    context.Context
		end      context.CancelFunc // ends what streams of this epoch there are
		watches  context.Context
		endWatch context.CancelFunc
		hijacked map[net.Conn]bool
		accounts map[string]*account
		requests []Request
		pages    map[string]page
		images   map[string]Image
	}
}

// AdminToken is the token of somebody who may do all.
const AdminToken = "admin-token"

// New starts a cluster without nodes, with the namespaces default, kube-system and kube-node-lease, which ends with the
// test.
func New(t testing.TB, options Options) *Cluster {
	t.Helper()
	ca, cert, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	if options.BookmarkGap == 0 {
		options.BookmarkGap = time.Second
	}
	c := &Cluster{t: t, options: options, store: newStore(), ca: ca, cert: cert, address: "127.0.0.1:0",
		folder: t.TempDir()}
	c.mu.accounts = map[string]*account{AdminToken: {user: "admin", admin: true}}
	c.mu.pages, c.mu.images = map[string]page{}, map[string]Image{}
	for name, image := range options.Images {
		c.mu.images[name] = image
	}
	for _, name := range []string{"default", "kube-system", "kube-node-lease"} {
		c.AddNamespace(name, nil)
	}
	c.Up()
	t.Cleanup(c.close)
	return c
}

func (c *Cluster) close() {
	c.Down()
	for _, k := range c.Kubelets() {
		k.destroy()
	}
}

// URL is where the API server answers, also while it is down.
func (c *Cluster) URL() string { return "https://" + c.address }

// CA is the certificate authority of the API server, as PEM.
func (c *Cluster) CA() []byte { return slices.Clone(c.ca) }

// Kubeconfig writes a file with one context, of the token, and answers its path.
func (c *Cluster) Kubeconfig(token, namespace string) string {
	c.t.Helper()
	file := filepath.Join(c.folder, "kubeconfig-"+randomHex(4))
	content := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %q}}]
users: [{name: test, user: {token: %q}}]
contexts: [{name: test, context: {cluster: test, user: test, namespace: %q}}]
current-context: test
`, c.URL(), base64.StdEncoding.EncodeToString(c.ca), token, namespace)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

// Grant lets the holder of a token, called user, do what the rules say, beside what was granted before.
func (c *Cluster) Grant(token, user string, rules ...Rule) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.mu.accounts[token]
	if a == nil {
		a = &account{user: user}
		c.mu.accounts[token] = a
	}
	a.rules = append(a.rules, rules...)
}

// Up lets the API server answer, at the address it had, with what it knew.
func (c *Cluster) Up() {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.up {
		return
	}
	var listener net.Listener
	var err error
	for range 100 { // another process may have the port for a moment
		if listener, err = net.Listen("tcp", c.address); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		c.t.Fatalf("listen as the API server: %v", err)
	}
	if at := listener.Addr().String(); at != c.address { // the first time, before there are nodes, which read it
		c.address = at
	}
	c.mu.epoch, c.mu.end = context.WithCancel(context.Background())
	c.mu.watches, c.mu.endWatch = context.WithCancel(c.mu.epoch)
	c.mu.hijacked = map[net.Conn]bool{}
	server := &http.Server{
		Handler:           crash.Handler(http.HandlerFunc(c.serve)),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{c.cert}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // of handshakes that ended early
	}
	serving := make(chan struct{})
	c.mu.server, c.mu.serving, c.mu.up = server, serving, true
	crash.Go(func() {
		defer close(serving)
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			c.t.Errorf("the API server ended: %v", err)
		}
	})
	c.wake()
}

// Down ends the API server and all its connections, as a kill does. Nodes go on, and report when it is back.
func (c *Cluster) Down() {
	c.mu.Lock()
	if !c.mu.up {
		c.mu.Unlock()
		return
	}
	c.mu.up = false
	server, serving := c.mu.server, c.mu.serving
	c.mu.end()
	for conn := range c.mu.hijacked {
		_ = conn.Close()
	}
	c.mu.Unlock()
	_ = server.Close()
	<-serving
}

// EndWatches ends all watches that there are, as the API server does now and then.
func (c *Cluster) EndWatches() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.endWatch()
	c.mu.watches, c.mu.endWatch = context.WithCancel(c.mu.epoch)
}

// Compact forgets all history and open pages of lists: what names an older version is answered 410.
func (c *Cluster) Compact() {
	c.store.compact()
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.mu.pages)
}

// Inject lets requests meet a fault until remove is called.
func (c *Cluster) Inject(f *Fault) (remove func()) { return c.faults.add(f) }

// Hits is how many requests have met a fault.
func (c *Cluster) Hits(f *Fault) int {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	return f.Hits
}

// Requests are all that were answered since the beginning, or since Forget.
func (c *Cluster) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.mu.requests)
}

// Forget empties Requests.
func (c *Cluster) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.requests = nil
}

func (c *Cluster) isUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.up
}

func (c *Cluster) account(token string) *account {
	c.mu.Lock()
	known := c.mu.accounts[token]
	var a account
	if known != nil {
		a = account{user: known.user, admin: known.admin, rules: slices.Clone(known.rules)}
	}
	c.mu.Unlock()
	if known == nil {
		return nil
	}
	a.rules = append(a.rules, c.store.bound(a.user)...)
	return &a
}

func (c *Cluster) answered(q Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.requests = append(c.mu.requests, q)
}

func (c *Cluster) image(name string) (Image, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, ok := c.mu.images[name]
	return i, ok
}

// SetImage puts an image into the registry, so that kubelets that waited for it find it.
func (c *Cluster) SetImage(name string, i Image) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.images[name] = i
	c.wake()
}

// Kubelets are those of all nodes, by name.
func (c *Cluster) Kubelets() (all []*Kubelet) {
	c.store.nodes.Range(func(_, k any) bool {
		all = append(all, k.(*Kubelet))
		return true
	})
	slices.SortFunc(all, func(a, b *Kubelet) int { return strings.Compare(a.name, b.name) })
	return all
}

// Kubelet is that of a node, nil where there is none.
func (c *Cluster) Kubelet(node string) *Kubelet {
	k, _ := c.store.nodes.Load(node)
	kubelet, _ := k.(*Kubelet)
	return kubelet
}

func (c *Cluster) wake() {
	for _, k := range c.Kubelets() {
		k.poke()
	}
}
