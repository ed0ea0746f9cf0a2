package kubernetestest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/websocket"
	"github.com/kaon-sweep/kaon/testkit"
)

// client is a plain client of a cluster.
type client struct {
	t     testing.TB
	c     *Cluster
	token string
	http  *http.Client
	tls   *tls.Config
}

func newClient(t testing.TB, c *Cluster, token string) *client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.CA())
	config := &tls.Config{RootCAs: roots}
	transport := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{t, c, token, &http.Client{Transport: transport}, config}
}

func (k *client) open(method, path, contentType, body string) (*http.Response, error) {
	k.t.Helper()
	r, err := http.NewRequestWithContext(k.t.Context(), method, k.c.URL()+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+k.token)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return k.http.Do(r)
}

// openAs asks for a path with an Accept of one's own.
func (k *client) openAs(accept, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(k.t.Context(), "GET", k.c.URL()+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+k.token)
	r.Header.Set("Accept", accept)
	answer, err := k.http.Do(r)
	if err == nil {
		_ = answer.Body.Close()
	}
	return answer, err
}

func (k *client) text(method, path, contentType, body string) (int, string) {
	k.t.Helper()
	r, err := k.open(method, path, contentType, body)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = r.Body.Close() }()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, err.Error()
	}
	return r.StatusCode, string(data)
}

// do is a request that is answered with an object; want is the code that it must have.
func (k *client) do(want int, method, path, body string) Object {
	k.t.Helper()
	kind := ""
	if body != "" {
		if kind = "application/json"; method == "PATCH" {
			if kind = mergePatch; body[0] == '[' {
				kind = jsonPatch
			}
		}
	}
	code, data := k.text(method, path, kind, body)
	if code != want {
		k.t.Fatalf("%s %s: %d %s, want %d", method, path, code, data, want)
	}
	var o Object
	if err := json.Unmarshal([]byte(data), &o); err != nil {
		k.t.Fatalf("%s %s: %v: %s", method, path, err, data)
	}
	return o
}

// events gives what a watch says, until it ends.
func (k *client) events(path string) <-chan Object {
	k.t.Helper()
	r, err := k.open("GET", path, "", "")
	if err != nil || r.StatusCode != http.StatusOK {
		k.t.Fatalf("watch %s: %v %v", path, r, err)
	}
	k.t.Cleanup(func() { _ = r.Body.Close() })
	out := make(chan Object, 1000)
	go func() {
		defer close(out)
		for d := json.NewDecoder(r.Body); ; {
			var o Object
			if d.Decode(&o) != nil {
				return
			}
			out <- o
		}
	}()
	return out
}

// attach opens a WebSocket to a container.
func (k *client) attach(path, protocol string) *remote {
	k.t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(k.c.URL(), "https://"), k.tls.Clone())
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = conn.Close() })
	_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		path, k.token, base64.StdEncoding.EncodeToString([]byte("0123456789abcdef")), protocol)
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		return &remote{t: k.t, code: response.StatusCode, refusal: string(body)}
	}
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	return &remote{t: k.t, code: 101, in: in, out: conn, got: map[byte]string{}}
}

type remote struct {
	t       testing.TB
	code    int
	refusal string
	in      *bufio.Reader
	out     io.WriteCloser
	got     map[byte]string // what until has read too early
}

func (r *remote) send(channel byte, data string) {
	r.t.Helper()
	payload := append([]byte{channel}, data...)
	header := []byte{0x80 | websocket.Binary, 0x80 | 126}
	header = binary.BigEndian.AppendUint16(header, uint16(len(payload)))
	mask := []byte{1, 2, 3, 4}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	if _, err := r.out.Write(append(append(header, mask...), payload...)); err != nil {
		r.t.Fatal(err)
	}
}

// receive is the next message; ok is false at the end.
func (r *remote) receive() (channel byte, data string, ok bool) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r.in, head); err != nil || head[0]&0xF == websocket.Close {
		return 0, "", false
	}
	n := int(head[1])
	if n == 126 {
		_, _ = io.ReadFull(r.in, head)
		n = int(binary.BigEndian.Uint16(head))
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r.in, payload); err != nil || n == 0 {
		return 0, "", false
	}
	return payload[0], string(payload[1:]), true
}

// shell is a cluster of one node, whose image "shell" is this machine's.
func shell(t testing.TB) (*Cluster, *Kubelet, *client) {
	t.Helper()
	c := New(t, Options{Images: map[string]Image{"shell:1": {Entrypoint: []string{"/bin/sh"}, User: 1000}}})
	return c, c.AddNode(Node{Name: "n1", CPU: "2", Memory: "1Gi", Labels: map[string]string{"zone": "a"}}), newClient(t, c, AdminToken)
}

// script is a pod on node n1 that runs a shell script; more is further fields of its metadata, spec and container.
func script(name, line string, more ...string) string {
	extra := append(more, "", "", "")
	quoted, _ := json.Marshal(line)
	return fmt.Sprintf(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":%q%s},"spec":{"restartPolicy":"Never","nodeName":"n1"%s,
		"containers":[{"name":"main","image":"shell:1","args":["-c",%s]%s}]}}`, name, extra[0], extra[1], quoted, extra[2])
}

const pods = "/api/v1/namespaces/default/pods"

func awaitPod(t testing.TB, c *Cluster, name, what string, is func(Object) bool) (o Object) {
	t.Helper()
	defer func() {
		if t.Failed() {
			_ = json.NewEncoder(os.Stderr).Encode(c.Get("pods", "default", name))
		}
	}()
	testkit.Await(t, what, func() bool {
		o = c.Get("pods", "default", name)
		return is(o)
	})
	return o
}

func inPhase(phase string) func(Object) bool {
	return func(o Object) bool { return o.Phase() == phase }
}
