package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/api"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

func startGuarded(t *testing.T) *Server {
	t.Helper()
	s, err := Start(context.Background(), Config{
		Auth: map[string]string{"kaon": "s3cret"}, WorkDir: t.TempDir(), Agents: []AgentConfig{{Name: "a", CPUs: 1,
			MemoryMB: 100}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// ask makes a request as whoever the header says, and answers the status.
func ask(t *testing.T, method, url, host, authorization, body string) int {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	req.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func basic(name, secret string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(name, secret)
	return r.Header.Get("Authorization")
}

// Nothing that a master or an agent serves answers a stranger, whatever the path, nor a friend who was led
// here by a name of somebody else's.
func TestAttackEveryRoute(t *testing.T) {
	s := startGuarded(t)
	a := s.agents["a"]
	token := "Bearer " + a.key.sign(protocol.Claims{Framework: "f", Executor: "e", Container: "c"})
	unsigned := "Bearer eyJhbGciOiJub25lIn0." + tokenText.EncodeToString([]byte(`{"fid":"f","eid":"e","cid":"c"}`)) + "."
	for _, side := range []struct {
		addr   string
		routes map[string]http.HandlerFunc
		friend string
	}{{s.Addr(), s.masterRoutes(), basic("kaon", "s3cret")}, {a.addr, s.executorRoutes("a"), token}} {
		paths := []string{"/", "/state", "/tasks", "/files/read?path=/etc/passwd", "/api/v1", "/metrics/snapshot",
			"/debug/pprof/"}
		for path := range side.routes {
			paths = append(paths, path)
		}
		strangers := []string{"", "Basic", "Bearer", "Bearer .", "Bearer a.b.c", basic("kaon", ""),
			basic("kaon", "s3cret "), basic("", ""),
			unsigned, "Bearer " + tokenKey(make([]byte, 32)).sign(protocol.Claims{Framework: "f", Executor: "e",
				Container: "c"}), token + "x", basic("kaon", token)}
		if side.friend != token {
			strangers = append(strangers, token) // an executor is no scheduler
		} else {
			strangers = append(strangers, basic("kaon", "s3cret")) // nor the other way
		}
		for _, path := range paths {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions} {
				for _, who := range strangers {
					if code := ask(t, method, "http://"+side.addr+path, "", who, "{}"); code != http.StatusUnauthorized {
						t.Errorf("%s %s as %.40q: %d, want 401", method, path, who, code)
					}
				}
				for _, host := range []string{"evil.example", "evil.example:5050", "169.254.169.254",
					"127.0.0.1.evil.example"} {
					if code := ask(t, method, "http://"+side.addr+path, host, side.friend,
						"{}"); code != http.StatusMisdirectedRequest {
						t.Errorf("%s %s by the name %s: %d, want 421", method, path, host, code)
					}
				}
			}
		}
		if code := ask(t, http.MethodGet, "http://"+side.addr+"/health", "", side.friend,
			""); code != http.StatusOK {
			t.Errorf("a friend: %d, want 200", code)
		}
	}
}

// An agent proves to its executors that it is their agent before they show their tokens, and to nobody else;
// the proof does not hold at another address.
func TestAttackProof(t *testing.T) {
	a := startGuarded(t).agents["a"]
	of := func(k tokenKey) (who string, secret []byte) {
		token := k.sign(protocol.Claims{Framework: "f", Executor: "e", Container: "c"})
		at := strings.LastIndexByte(token, '.')
		return token[:at], []byte(token[at+1:])
	}
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	go func() {
		for {
			from, err := relay.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", a.addr)
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(to, from); to.Close() }()
			go func() { _, _ = io.Copy(from, to); from.Close() }()
		}
	}()
	for _, tt := range []struct {
		name, at string
		key      tokenKey
		ours     bool
	}{
		{"its executor", a.addr, a.key, true},
		{"through somebody between", relay.Addr().String(), a.key, false},
		{"another's executor", a.addr, make(tokenKey, tokenKeyBytes), false},
	} {
		conn, err := net.Dial("tcp", tt.at)
		if err != nil {
			t.Fatal(err)
		}
		who, secret := of(tt.key)
		err = listen.Demand(conn, tt.at, who, secret)
		if tt.ours != (err == nil) || !tt.ours && !errors.Is(err, listen.ErrUnproven) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.ours { // and then the connection serves as any other
			req, err := http.NewRequest(http.MethodGet, "http://"+a.addr+"/health", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+who+"."+string(secret))
			if err := req.Write(conn); err != nil {
				t.Fatal(err)
			}
			if resp, err := http.ReadResponse(bufio.NewReader(conn), req); err != nil ||
				resp.StatusCode != http.StatusOK {
				t.Errorf("after the proof: %v, %v", resp, err)
			}
		}
		conn.Close()
	}
}

// The key of the tokens is its owner's alone, and survives the agent.
func TestAttackKeyFile(t *testing.T) {
	s := startGuarded(t)
	a := s.agents["a"]
	for name, want := range map[string]os.FileMode{a.folder.Meta(): 0o700,
		filepath.Join(a.folder.Meta(), "key"): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", name, info.Mode().Perm(), err, want)
		}
	}
	again, err := openTokenKey(a.folder)
	if err != nil || string(again) != string(a.key) {
		t.Errorf("the key changed: %v", err)
	}
}

// A socket made for one container takes no calls with the token of another's executor.
func TestAttackSocketOfAnother(t *testing.T) {
	s := startGuarded(t)
	a := s.agents["a"]
	stop, err := a.Listen("mine", a.folder.SocketDir("mine"))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	client := &http.Client{Timeout: 20 * time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			dir, err := os.Open(a.folder.SocketDir("mine"))
			if err != nil {
				return nil, err
			}
			defer dir.Close()
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join("/proc/self/fd", strconv.Itoa(int(dir.Fd())),
				containerizer.SocketName))
		}}}
	for container, want := range map[string]int{"mine": 200, "yours": 403, "": 401} {
		req, _ := http.NewRequest(http.MethodGet, "http://agent/health", nil)
		if container != "" {
			req.Header.Set("Authorization", "Bearer "+a.key.sign(protocol.Claims{Framework: "f", Executor: "e",
				Container: container}))
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("container %q: %d, want %d", container, resp.StatusCode, want)
		}
	}
	client.CloseIdleConnections()
}

// An executor speaks for itself, its present run and its own tasks: not for its neighbour on the same agent.
func TestAttackForgedExecutor(t *testing.T) {
	now := time.Unix(1e9, 0)
	c := NewCore(CoreConfig{Seed: 1, Hostname: "h", IP: "127.0.0.1", Port: 5050}, now)
	c.AddAgent(now, AgentSpec{Name: "a", Hostname: "a", Resources: AgentConfig{CPUs: 4,
		MemoryMB: 4000}.Resources()}, "", nil)
	now = now.Add(time.Minute)
	c.Tick(now)
	c.Call(now, "s", "", calls.Subscribe(&mesos.FrameworkInfo{User: "u", Name: "n"}))
	now = now.Add(time.Minute)
	c.Tick(now)
	var offer *mesos.Offer
	var framework mesos.FrameworkID
	for _, e := range c.Take() {
		if e, ok := e.(protocol.SendEvent); ok {
			switch e.Event.Type {
			case scheduler.Event_SUBSCRIBED:
				framework = *e.Event.Subscribed.FrameworkID
			case scheduler.Event_OFFERS:
				offer = &e.Event.Offers.Offers[0]
			}
		}
	}
	if offer == nil {
		t.Fatal("no offer")
	}
	shell, command := true, "sleep 60"
	var tasks []mesos.TaskInfo
	for _, id := range []string{"mine", "yours"} {
		tasks = append(tasks, mesos.TaskInfo{
			Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: offer.AgentID, Resources: AgentConfig{CPUs: 1,
				MemoryMB: 100}.Resources(),
			Executor: &mesos.ExecutorInfo{Type: mesos.ExecutorInfo_CUSTOM,
				ExecutorID: mesos.ExecutorID{Value: "x-" + id}, FrameworkID: &framework,
				Command: &mesos.CommandInfo{Shell: &shell, Value: &command}},
		})
	}
	accept := calls.Accept(calls.OfferOperations{calls.OpLaunch(tasks...)}.WithOffers(offer.ID))
	accept.FrameworkID = &framework
	if a := c.Call(now, "s", "", accept); a.Status != http.StatusAccepted {
		t.Fatal(a)
	}
	who := map[string]protocol.Claims{}
	for _, e := range c.Take() {
		if e, ok := e.(protocol.StartExecutor); ok {
			who[e.Executor.ExecutorID.Value] = e.Claims()
		}
	}
	if len(who) != 2 {
		t.Fatalf("started %v", who)
	}
	mine, yours := who["x-mine"], who["x-yours"]
	for _, x := range who {
		c.Started(now, "a", x.Container, 1)
	}
	status := func(x protocol.Claims, task string) executor.Call_Update {
		id := mesos.ExecutorID{Value: string(x.Executor)}
		return executor.Call_Update{Status: mesos.TaskStatus{TaskID: mesos.TaskID{Value: task},
			State:  mesos.TASK_FINISHED.Enum(),
			Source: mesos.SOURCE_EXECUTOR.Enum(), ExecutorID: &id, UUID: newUUID(), Data: []byte("it won")}}
	}
	call := func(as, of protocol.Claims, kind executor.Call_Type, updates ...executor.Call_Update) int {
		x := &executor.Call{Type: kind, ExecutorID: mesos.ExecutorID{Value: string(of.Executor)},
			FrameworkID: mesos.FrameworkID{Value: string(of.Framework)}}
		switch kind {
		case executor.Call_SUBSCRIBE:
			x.Subscribe = &executor.Call_Subscribe{UnacknowledgedUpdates: updates}
		case executor.Call_UPDATE:
			x.Update = &updates[0]
		case executor.Call_MESSAGE:
			x.Message = &executor.Call_Message{Data: []byte("it won")}
		}
		return c.ExecutorCall(now, "a", uuid.NewString(), as, x).Status
	}
	former := mine
	former.Container = "former"
	broken := status(mine, "mine")
	broken.Status.UUID = nil
	for _, x := range []struct {
		what string
		got  int
		want int
	}{
		{"subscribe as another", call(mine, yours, executor.Call_SUBSCRIBE), 403},
		{"subscribe as nobody", call(protocol.Claims{}, mine, executor.Call_SUBSCRIBE), 403},
		{"subscribe from a former run", call(former, mine, executor.Call_SUBSCRIBE), 403},
		{"subscribe with an update of another's task", call(mine, mine, executor.Call_SUBSCRIBE,
			status(mine, "yours")), 403},
		{"subscribe with an update as another", call(mine, mine, executor.Call_SUBSCRIBE, status(yours, "mine")),
			400},
		{"subscribe with an update without an id", call(mine, mine, executor.Call_SUBSCRIBE, broken), 400},
		{"subscribe as itself", call(mine, mine, executor.Call_SUBSCRIBE), 200},
		{"the other as itself", call(yours, yours, executor.Call_SUBSCRIBE), 200},
		{"update another's task", call(mine, mine, executor.Call_UPDATE, status(mine, "yours")), 403},
		{"update another's task as it", call(mine, yours, executor.Call_UPDATE, status(yours, "yours")), 403},
		{"message as another", call(mine, yours, executor.Call_MESSAGE), 403},
		{"heartbeat as another", call(mine, yours, executor.Call_HEARTBEAT), 403},
	} {
		if x.got != x.want {
			t.Errorf("%s: %d, want %d", x.what, x.got, x.want)
		}
	}
	for _, e := range c.Take() {
		if e, ok := e.(protocol.SendEvent); ok && (e.Event.Type == scheduler.Event_UPDATE ||
			e.Event.Type == scheduler.Event_MESSAGE) {
			t.Errorf("the scheduler was told %v", e.Event)
		}
	}
	if got := call(mine, mine, executor.Call_UPDATE, status(mine, "mine")); got != http.StatusAccepted {
		t.Errorf("update its own task: %d", got)
	}

	// It does not fill the agent's memory with updates that nobody acknowledges, whatever they are of, nor
	// silence its neighbour.
	taken, big := 0, make([]byte, 1<<20)
	for ; taken < 200; taken++ {
		u := status(mine, fmt.Sprintf("never-was-%d", taken))
		u.Status.Data = big
		if got := call(mine, mine, executor.Call_UPDATE, u); got == http.StatusServiceUnavailable {
			break
		}
	}
	if taken < 32 || taken > 64 {
		t.Errorf("%d MB of updates were taken", taken)
	}
	owes := func() int { return c.agents["a"].agent.Owed(protocol.FrameworkID(framework.Value), mine.Executor) }
	last, had := status(mine, "mine"), owes()
	if got := call(mine, mine, executor.Call_SUBSCRIBE, last); got != http.StatusOK || owes() != had {
		t.Errorf("subscribe with more: %d, and %d bytes more are kept", got, owes()-had)
	}
	if got := call(yours, yours, executor.Call_UPDATE, status(yours, "yours")); got != http.StatusAccepted {
		t.Errorf("the neighbour's: %d", got)
	}
	acknowledged, again := 0, 0
	for i := range taken { // with each acknowledgement there is room again
		for _, e := range c.Take() {
			if _, ok := e.(protocol.CloseExecutor); ok && i > 0 { // and it is to bring what it has
				again++
			}
			if e, ok := e.(protocol.SendEvent); ok && e.Event.Type == scheduler.Event_UPDATE &&
				len(e.Event.Update.Status.Data) == len(big) {
				s := e.Event.Update.Status
				ack := calls.Acknowledge(s.AgentID.Value, s.TaskID.Value, s.UUID)
				ack.FrameworkID = &framework
				if a := c.Call(now, "s", "", ack); a.Status == http.StatusAccepted {
					acknowledged++
				}
			}
		}
	}
	if acknowledged != taken || owes() > 8<<10 || again != 1 {
		t.Errorf("%d of %d acknowledged, %v owed, %d times asked for the rest", acknowledged, taken, owes(), again)
	}
	had = owes()
	if got := call(mine, mine, executor.Call_SUBSCRIBE, last); got != http.StatusOK || owes() <= had {
		t.Errorf("subscribe with the rest: %d, and %d bytes more are kept", got, owes()-had)
	}
	if got := call(mine, mine, executor.Call_UPDATE, status(mine, "mine")); got != http.StatusAccepted {
		t.Errorf("after that: %d", got)
	}
}

// A body that never comes, or is too large, does not hold the master.
func TestAttackBodies(t *testing.T) {
	s := startGuarded(t)
	a := s.agents["a"]
	if code := ask(t, http.MethodPost, "http://"+a.addr+"/api/v1/executor", "",
		"Bearer "+a.key.sign(protocol.Claims{Framework: "f", Executor: "e", Container: "c"}),
		strings.Repeat(" ", maxExecutorBody+1)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too large: %d, want 413", code)
	}
	// One caller with more unfinished bodies than it has turns; another is served all the same.
	for range 3 * atOnce {
		conn, err := net.Dial("tcp", a.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("POST /api/v1/executor HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n" +
			"Authorization: Bearer " + a.key.sign(protocol.Claims{Framework: "f", Executor: "e",
			Container: "c"}) + "\r\n\r\n{"))
	}
	if code := ask(t, http.MethodPost, "http://"+a.addr+"/api/v1/executor", "",
		"Bearer "+a.key.sign(protocol.Claims{Framework: "f", Executor: "e",
			Container: "other"}), "{}"); code != http.StatusBadRequest {
		t.Errorf("beside slow ones: %d, want 400", code)
	}
}

// A subscriber that reads nothing is cut off by what waits for it in bytes, not only in events.
func TestAttackStuckSubscriber(t *testing.T) {
	st := api.NewStream()
	data := make([]byte, 1<<20)
	for range api.StreamBytes>>20 + 1 {
		st.Push(&executor.Event{Type: executor.Event_MESSAGE, Message: &executor.Event_Message{Data: data}})
	}
	if events, closed, broken := st.Take(); !closed || !broken || len(events) > 0 {
		t.Errorf("closed %v, broken %v, %d events kept", closed, broken, len(events))
	}
}

func newUUID() []byte {
	id := uuid.New()
	return id[:]
}
