package embedded_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpsched"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/testkit"
)

func post(t *testing.T, url, accept, body string, header ...string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	noRedirect := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := noRedirect.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

const subscribeCall = `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}`

// A master that does not lead sends everybody to the one that does, whatever they ask for.
func TestRedirect(t *testing.T) {
	leader := start(t, embedded.Config{})
	follower := start(t, embedded.Config{Leader: leader.Addr()})
	for path, want := range map[string]string{
		"/api/v1/scheduler": "//" + leader.Addr() + "/api/v1/scheduler",
		"/master/redirect":  "//" + leader.Addr(),
	} {
		resp := post(t, "http://"+follower.Addr()+path, "", subscribeCall)
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusTemporaryRedirect || got != want {
			t.Errorf("%s: %d to %q, want 307 to %q", path, resp.StatusCode, got, want)
		}
	}
	// mesos-go follows by itself.
	cli := httpsched.NewCaller(httpcli.New(httpcli.Endpoint("http://"+follower.Addr()+"/api/v1/scheduler"),
		httpcli.Codec(codecs.ByMediaType[codecs.MediaTypeProtobuf])))
	resp, err := cli.Call(context.Background(), calls.Subscribe(&mesos.FrameworkInfo{User: "u", Name: "n"}))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Close()
	var e scheduler.Event
	if err := resp.Decode(&e); err != nil || e.Type != scheduler.Event_SUBSCRIBED {
		t.Fatalf("%v %v", e.Type, err)
	}
}

func TestAuthentication(t *testing.T) {
	s := start(t, embedded.Config{Auth: map[string]string{"kaon": "s3cret"}})
	url := "http://" + s.Addr() + "/api/v1/scheduler"
	basic := func(user, secret string) string {
		r := httptest.NewRequest("POST", "/", nil)
		r.SetBasicAuth(user, secret)
		return r.Header.Get("Authorization")
	}
	for _, c := range []struct {
		auth string
		want int
	}{{"", 401}, {basic("kaon", "wrong"), 401}, {basic("other", "s3cret"), 401}, {basic("other", ""),
		401}, {basic("kaon", "s3cret"), 200}} {
		resp := post(t, url, "", subscribeCall, "Authorization", c.auth)
		if resp.StatusCode != c.want {
			t.Errorf("%q: %d, want %d", c.auth, resp.StatusCode, c.want)
		}
		if c.want == 401 && resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: no challenge", c.auth)
		}
	}
	other := strings.Replace(subscribeCall, `"name":"n"`, `"name":"n","principal":"other"`, 1)
	resp := post(t, url, "", other, "Authorization", basic("kaon", "s3cret"))
	b, _ := io.ReadAll(resp.Body)
	want := "Failed to validate scheduler::Call: Authenticated principal 'kaon' does not match principal 'other' set in `FrameworkInfo`"
	if resp.StatusCode != 400 || string(b) != want {
		t.Errorf("%d %q", resp.StatusCode, b)
	}
}

// The notation of a stream is what Accept asks for, JSON when both will do.
func TestAccept(t *testing.T) {
	s := start(t, embedded.Config{})
	url := "http://" + s.Addr() + "/api/v1/scheduler"
	for accept, want := range map[string]string{
		"":                       "application/json",
		"*/*":                    "application/json",
		"application/x-protobuf": "application/x-protobuf",
		"application/x-protobuf;q=0.5, text/html": "application/x-protobuf",
		"application/json;q=0, application/*":     "application/x-protobuf",
		"text/html":                               "",
	} {
		resp := post(t, url, accept, subscribeCall)
		switch {
		case want == "":
			b, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != 406 ||
				string(b) != "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'" {
				t.Errorf("%q: %d %q", accept, resp.StatusCode, b)
			}
		case accept == "application/json;q=0, application/*": // a range wider than what it excludes: either will do
		case resp.StatusCode != 200 || resp.Header.Get("Content-Type") != want:
			t.Errorf("%q: %d %s", accept, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
	resp := post(t, url, "", subscribeCall, "Mesos-Stream-Id", "x")
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 400 ||
		string(b) != "Subscribe calls should not include the 'Mesos-Stream-Id' header" {
		t.Errorf("%d %q", resp.StatusCode, b)
	}
}

// A stream that is read byte by byte is a sequence of whole records, each preceded by its exact length.
func TestStreamByteByByte(t *testing.T) {
	s := start(t, embedded.Config{Agents: twoAgents(),
		Timing: protocol.Timing{Heartbeat: 20 * time.Millisecond}})
	resp := post(t, "http://"+s.Addr()+"/api/v1/scheduler", "application/json", subscribeCall)
	in := bufio.NewReaderSize(oneByte{resp.Body}, 16)
	seen := map[any]int{}
	for seen["HEARTBEAT"] < 4 || seen["OFFERS"] == 0 {
		e, err := readRecord(in)
		if err != nil {
			t.Fatal(err)
		}
		seen[e["type"]]++
	}
	if seen["SUBSCRIBED"] != 1 {
		t.Fatalf("events %v", seen)
	}
}

// oneByte gives what it reads a byte at a time.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:1]) }

// Simulated agents behind the real front: a scheduler sees no difference.
func TestSimulatedServer(t *testing.T) {
	s := start(t, embedded.Config{
		Timing: protocol.Timing{AllocationInterval: 5 * time.Millisecond},
		Simulated: &embedded.Simulation{Agents: 50, Behave: func(*mesos.TaskInfo,
			protocol.AgentID) embedded.Script {
			return embedded.Script{Duration: 10 * time.Millisecond, Data: []byte("result")}
		}},
	})
	sched := subscribeTo(t, s.Addr(), "")
	st := sched.launch(sh("anything"))
	if st.GetState() != mesos.TASK_FINISHED || string(st.Data) != "result" {
		t.Fatalf("%v %q", st.GetState(), st.Data)
	}
	s.Close()
	if err := sched.end(); err == nil {
		t.Fatal("the stream outlived the server")
	}
}

// A FrameworkInfo that makes no sense ends the stream it opened, with Mesos's words.
func TestRefusedSubscriptions(t *testing.T) {
	s := start(t, embedded.Config{})
	for info, want := range map[string]string{
		`"roles":["a"]`: "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable",
		`"role":"a","capabilities":[{"type":"MULTI_ROLE"}]`: "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable",
		`"role":"a b"`: "'FrameworkInfo.role' is not a valid role: Role component 'a b' is invalid because it contains backspace or whitespace",
		`"roles":["a/../b"],"capabilities":[{"type":"MULTI_ROLE"}]`: "'FrameworkInfo.roles' contains invalid role: Role 'a/../b' cannot include '..' as a component",
		`"roles":["a","a"],"capabilities":[{"type":"MULTI_ROLE"}]`:  "'FrameworkInfo.roles' contains duplicate items: { a }",
	} {
		resp := post(t, "http://"+s.Addr()+"/api/v1/scheduler", "application/json",
			strings.Replace(subscribeCall, `"name":"n"`, `"name":"n",`+info, 1))
		in := bufio.NewReader(resp.Body)
		e, err := readRecord(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := e["error"].(map[string]any)["message"]; e["type"] != "ERROR" || got != want {
			t.Errorf("%s: %v", info, e)
		}
		if _, err := readRecord(in); err != io.EOF {
			t.Errorf("%s: %v after the error", info, err)
		}
	}
}

func TestBadConfigurations(t *testing.T) {
	for _, c := range []struct {
		cfg  embedded.Config
		says string
	}{
		{embedded.Config{Agents: twoAgents()}, "work folder"},
		{embedded.Config{Agents: []embedded.AgentConfig{{Name: "a"}, {Name: "a"}}, WorkDir: t.TempDir()},
			"two agents"},
		{embedded.Config{Agents: []embedded.AgentConfig{{Name: "a/b"}}, WorkDir: t.TempDir()},
			"invalid characters"},
		{embedded.Config{Listen: "no-such-host.invalid:1"}, "listen for schedulers"},
	} {
		s, err := embedded.Start(context.Background(), c.cfg)
		if err == nil {
			s.Close()
			t.Errorf("started; want an error with %q", c.says)
		} else if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v; want %q", err, c.says)
		}
	}
}
