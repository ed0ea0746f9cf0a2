package kubernetestest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/websocket"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// channels of remote command: the first byte of a message.
const (
	channelStdin  = 0
	channelStdout = 1
	channelStderr = 2
	channelError  = 3
	channelClose  = 255 // v5: the byte after it is the channel that ends
)

// target is the container that a request for a log or a stream is about.
type target struct {
	kubelet   *Kubelet
	pod       Object
	container map[string]any
	process   *process
	running   context.Context // ends with the kubelet
}

func (c *Cluster) target(q Request, query url.Values) (*target, *Status) {
	pods := kindNamed("pods")
	pod, ok := c.store.get(key{pods, q.Namespace, q.Name})
	if !ok {
		return nil, notFound(pods, q.Name)
	}
	t := &target{pod: pod}
	name := query.Get("container")
	all := items(pod.Get("spec", "containers"))
	if name == "" {
		if len(all) != 1 {
			return nil, badRequest("a container name must be specified for pod %s", q.Name)
		}
		name = text(all[0], "name")
	}
	for _, one := range append(all[:len(all):len(all)], items(pod.Get("spec", "initContainers"))...) {
		if text(one, "name") == name {
			t.container = dict(one)
		}
	}
	if t.container == nil {
		return nil, badRequest("container %s is not valid for pod %s", name, q.Name)
	}
	node := pod.Text("spec", "nodeName")
	if node == "" {
		return nil, badRequest("pod %s does not have a host assigned", q.Name)
	}
	if t.kubelet = c.Kubelet(node); t.kubelet == nil {
		return nil, internalError("nodes %q not found", node)
	}
	t.kubelet.mu.Lock()
	t.running = t.kubelet.running
	stopped := t.kubelet.stop == nil
	t.kubelet.mu.Unlock()
	if stopped {
		return nil, internalError("error dialing backend: dial tcp 127.0.0.1:10250: connect: connection refused")
	}
	t.process = t.kubelet.process(pod.UID(), name)
	return t, nil
}

// stream attaches a WebSocket to a container, or to a command that is run in it.
func (c *Cluster) stream(w http.ResponseWriter, r *http.Request, q Request, who *account) {
	query := r.URL.Query()
	// of no media type can it be said that it comes
	if accept := r.Header.Get("Accept"); accept != "" && !strings.Contains(accept, "*/*") {
		c.refuse(w, q, &Status{Code: http.StatusNotAcceptable, Reason: "NotAcceptable", Message: "406: Not Acceptable"})
		return
	}
	if q.Verb == "get" { // a WebSocket's handshake is a GET, and yet changes something
		if create := (Request{Verb: "create", Resource: q.Resource, Subresource: q.Subresource, Namespace: q.Namespace,
			Name: q.Name}); !who.allowed(create) {
			c.refuse(w, q, who.refusal(create))
			return
		}
	}
	stdin, stdout, stderr := isTrue(query, "stdin"), isTrue(query, "stdout"), isTrue(query, "stderr")
	if !stdin && !stdout && !stderr {
		c.refuse(w, q, badRequest("you must specify at least 1 of stdin, stdout, stderr"))
		return
	}
	if c.elsewhere(w, r, q) {
		return
	}
	t, status := c.target(q, query)
	if status != nil {
		c.refuse(w, q, status)
		return
	}
	p := t.process
	if p == nil {
		c.refuse(w, q, internalError("unable to upgrade connection: container not found (%q)",
			text(t.container, "name")))
		return
	}
	v, detach, ok := p.attach()
	if !ok {
		c.refuse(w, q, internalError("unable to upgrade connection: container %s not found in pod %s_%s",
			text(t.container, "name"), q.Name, q.Namespace))
		return
	}
	defer detach()
	if q.Subresource == "exec" {
		v = newViewer()
		if p, status = t.exec(query["command"], stdin, v); status != nil {
			c.refuse(w, q, status)
			return
		}
	}
	s, protocol, refused := websocket.Accept(w, r, []string{"v5.channel.k8s.io", "v4.channel.k8s.io"})
	if refused != nil {
		c.refuse(w, q, handshake(refused))
		return
	}
	defer func() { _ = s.Conn.Close() }()
	c.mu.Lock()
	up, epoch := c.mu.up, c.mu.epoch
	if up {
		c.mu.hijacked[s.Conn] = true
	}
	c.mu.Unlock()
	if !up {
		return
	}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.mu.hijacked, s.Conn)
	}()
	q.Code = http.StatusSwitchingProtocols
	c.answered(q)
	first := byte(channelError)
	if stdout {
		first = channelStdout
	} else if stderr {
		first = channelStderr
	}
	if s.Send(websocket.Binary, []byte{first}) != nil {
		return
	}
	gone := make(chan struct{})
	once := flag(t.container, "stdinOnce") || q.Subresource == "exec"
	crash.Go(func() {
		defer close(gone)
		p.feed(s, stdin, once, protocol == "v5.channel.k8s.io")
	})
	for {
		frames, closed, changed := v.take()
		for _, f := range frames {
			channel := byte(channelStdout)
			if f.stderr {
				channel = channelStderr
			}
			if (f.stderr && stderr || !f.stderr && stdout) &&
				s.Send(websocket.Binary, append([]byte{channel}, f.data...)) != nil {
				return
			}
		}
		if closed {
			break
		}
		select {
		case <-changed:
		case <-gone:
			return
		case <-epoch.Done():
			return
		case <-t.running.Done(): // the kubelet ended, and its proxy with it
			return
		}
	}
	<-p.ended
	body := Object{"metadata": map[string]any{}, "status": "Success"}
	if exit, _, _, _ := p.outcome(); exit != 0 && q.Subresource == "exec" {
		body = (&Status{Code: http.StatusInternalServerError, Reason: "NonZeroExitCode",
			Message: fmt.Sprintf("command terminated with non-zero exit code: exit status %d", exit),
			Causes:  []any{map[string]any{"reason": "ExitCode", "message": strconv.Itoa(exit)}}}).Object()
	}
	said, _ := json.Marshal(body)
	_ = s.Send(websocket.Binary, append([]byte{channelError}, said...))
	_ = s.Send(websocket.Close, []byte{0x03, 0xE8})
	select { // the client closes too
	case <-gone:
	case <-time.After(5 * time.Second):
	case <-epoch.Done():
	}
}

// handshake is why a WebSocket was not opened, as the API server says it.
func handshake(refused *websocket.Refusal) *Status {
	switch refused.Code {
	case http.StatusForbidden:
		return &Status{Code: refused.Code, Reason: "Forbidden", Message: refused.Message}
	case http.StatusBadRequest:
		return badRequest("%s", refused.Message)
	}
	return internalError("%s", refused.Message)
}

// feed gives a process what comes on the channel of its standard input, until the client goes.
func (p *process) feed(s *websocket.Conn, stdin, once, v5 bool) {
	if stdin && p.stdin != nil {
		p.mu.Lock()
		p.mu.inputs++
		p.mu.Unlock()
		defer func() {
			p.mu.Lock()
			p.mu.inputs--
			p.mu.Unlock()
			if once {
				_ = p.stdin.Close()
			}
		}()
	}
	for {
		message, err := s.Receive()
		if err != nil {
			return
		}
		switch {
		case len(message) == 0 || !stdin || p.stdin == nil:
		case message[0] == channelStdin:
			if _, err := p.stdin.Write(message[1:]); err != nil {
				continue // it reads no more; its output may still come
			}
		case v5 && message[0] == channelClose && len(message) > 1 && message[1] == channelStdin:
			if once {
				_ = p.stdin.Close()
			}
		}
	}
}

// exec runs a command beside a container's process, as if in it.
func (t *target) exec(command []string, stdin bool, v *viewer) (*process, *Status) {
	if len(command) == 0 {
		return nil, badRequest("you must specify at least one command for the container")
	}
	select {
	case <-t.process.ended:
		return nil, internalError("unable to upgrade connection: container not found (%q)", text(t.container, "name"))
	default:
	}
	container := clone(t.container).(map[string]any)
	words := make([]any, len(command))
	for i, word := range command {
		words[i] = word
	}
	container["command"], container["args"] = words, nil
	t.kubelet.mu.Lock()
	defer t.kubelet.mu.Unlock()
	sb := t.kubelet.pods[t.pod.UID()]
	if sb == nil {
		return nil, internalError("pod does not exist")
	}
	image, _ := t.kubelet.c.image(text(container, "image"))
	argv, env, folder, err := t.kubelet.command(t.pod, sb, container, image)
	if err != nil {
		return nil, internalError("%v", err)
	}
	p, err := start(argv, env, folder, stdin, func() {}, v)
	if err != nil {
		return nil, internalError("error executing command in container: %v", err)
	}
	crash.Go(func() { // it ends with its container
		select {
		case <-t.process.ended:
			p.signal(9, "")
		case <-p.ended:
		}
	})
	return p, nil
}

// elsewhere asks the kubelet of a node that somebody has created, instead of AddNode, at the address in the node's
// status; false: it is none.
func (c *Cluster) elsewhere(w http.ResponseWriter, r *http.Request, q Request) bool {
	pod, ok := c.store.get(key{kindNamed("pods"), q.Namespace, q.Name})
	if !ok || c.Kubelet(pod.Text("spec", "nodeName")) != nil {
		return false
	}
	node, ok := c.store.get(key{kindNamed("nodes"), "", pod.Text("spec", "nodeName")})
	addresses, port := items(node.Get("status", "addresses")),
		node.Get("status", "daemonEndpoints", "kubeletEndpoint", "Port")
	if !ok || len(addresses) == 0 || port == nil {
		return false
	}
	container := r.URL.Query().Get("container")
	proxy := &httputil.ReverseProxy{
		// as API servers do that were given no authority of kubelets
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL = &url.URL{Scheme: "https", Host: fmt.Sprintf("%s:%v", text(addresses[0], "address"), port),
				Path:     "/" + strings.Join([]string{q.Subresource, q.Namespace, q.Name, container}, "/"),
				RawQuery: r.URL.RawQuery}
			p.Out.Header.Del("Authorization")
		},
	}
	q.Code = http.StatusSwitchingProtocols
	c.answered(q)
	proxy.ServeHTTP(w, r)
	return true
}
