package containerizer

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/testkit"
)

// listener is a host that hears of ends.
type listener struct{ ended chan string }

func (l listener) Started(string, int)                 {}
func (l listener) StartFailed(_ string, err error)     { l.ended <- "not started: " + err.Error() }
func (l listener) OutOfMemory(string, protocol.Limits) {}
func (l listener) Exited(string, int32)                { l.ended <- "exited" }
func (l listener) Call(protocol.Claims, *executor.Call) (protocol.Answer, Events, func()) {
	return protocol.Answer{}, nil, func() {}
}
func (l listener) Listen(string, string) (func(), error) { return func() {}, nil }

func (l listener) await(t *testing.T) string {
	t.Helper()
	select {
	case what := <-l.ended:
		return what
	case <-time.After(testkit.Patience):
		t.Fatal("no end was told")
		return ""
	}
}

// hangingEngine takes requests, says which, and answers only what answer does. It is the engine of the agent.
func hangingEngine(t *testing.T, answer func(w http.ResponseWriter, r *http.Request) bool) (a *Agent, host listener, asked chan string) {
	t.Helper()
	asked, release := make(chan string, 100), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.URL.Path
		if answer == nil || !answer(w, r) {
			<-release
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	t.Setenv("DOCKER_HOST", "tcp://"+strings.TrimPrefix(s.URL, "http://"))
	log := slog.New(slog.DiscardHandler)
	folder, err := OpenFolder(t.TempDir(), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(folder.Close)
	ctx, cancel := context.WithCancel(t.Context())
	host = listener{make(chan string, 10)}
	a, err = New(ctx, Config{Name: "a", Folder: folder, Engine: NewEngine(ctx, log), Log: log, Identify: func(protocol.Claims) map[string]string { return nil }}, host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = a.Close() })
	return a, host, asked
}

func imageExecutor() mesos.ExecutorInfo {
	return mesos.ExecutorInfo{ExecutorID: mesos.ExecutorID{Value: "x"}, Command: &mesos.CommandInfo{},
		Container: &mesos.ContainerInfo{Type: mesos.ContainerInfo_DOCKER.Enum(), Docker: &mesos.ContainerInfo_DockerInfo{Image: "probe:1",
			Network: mesos.ContainerInfo_DockerInfo_HOST.Enum()}}}
}

// An engine that takes connections and hangs keeps no agent from starting: containers of a former life are taken over when it answers, or
// given up when they are to end.
func TestHangingEngineHoldsUpNoStart(t *testing.T) {
	a, host, asked := hangingEngine(t, nil)
	back := make(chan struct{})
	go func() {
		defer close(back)
		for _, id := range []string{"one", "two"} {
			a.Adopt(&protocol.Record{Container: id, Executor: imageExecutor()})
		}
	}()
	<-asked
	select {
	case <-back:
	case <-time.After(testkit.Patience):
		t.Fatal("the agent waits for the engine")
	}
	a.Kill("one", "")
	if got := host.await(t); got != "exited" {
		t.Error(got)
	}
}

// A container that is to end while its image is pulled, or while the engine makes it, is not waited for.
func TestHangingEngineHoldsUpNoKill(t *testing.T) {
	for _, hangs := range []string{"POST /images/create", "POST /containers/create"} {
		t.Run(hangs, func(t *testing.T) {
			removed := make(chan string, 10)
			method, path, _ := strings.Cut(hangs, " ")
			a, host, asked := hangingEngine(t, func(w http.ResponseWriter, r *http.Request) bool {
				is := func(m, p string) bool { return r.Method == m && strings.Contains(r.URL.Path, p) }
				switch {
				case is(method, path):
					return false
				case is("GET", "/_ping") || is("HEAD", "/_ping"):
					w.Header().Set("API-Version", "1.41")
				case is("GET", "/containers/json"):
					_, _ = w.Write([]byte("[]"))
				case is("GET", "/images/") && path == "/images/create":
					w.WriteHeader(http.StatusNotFound)
				case is("GET", "/images/"):
					_, _ = w.Write([]byte("{}"))
				case is("DELETE", "/containers/"):
					removed <- r.URL.Path
				}
				return true
			})
			id := protocol.FrameworkID("f")
			a.Start(protocol.StartExecutor{Agent: "a", AgentID: "S0", Container: "c", Executor: imageExecutor(),
				Framework: mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: string(id)}}})
			for {
				select {
				case what := <-asked:
					if !strings.Contains(what, path) || !strings.HasPrefix(what, method) {
						continue
					}
				case what := <-host.ended:
					t.Fatal(what)
				case <-time.After(testkit.Patience):
					t.Fatal("the engine was not asked to " + hangs)
				}
				break
			}
			a.Kill("c", "")
			if got := host.await(t); !strings.HasPrefix(got, "not started: ") {
				t.Error(got)
			}
			if path == "/containers/create" {
				if got := <-removed; !strings.HasSuffix(got, "/mesos-c") {
					t.Errorf("removed %s", got)
				}
			}
			if files, err := os.ReadDir(a.folder.Meta()); err != nil || len(files) > 1 {
				t.Errorf("left %v, %v", files, err)
			}
		})
	}
}

// Limits that are set while a container waits for its image, or a container of a former life for the engine, are those
// that it has when the engine answers: the ones set last.
func TestLimitsSetBeforeTheEngineAnswers(t *testing.T) {
	for _, hangs := range []string{"/_ping", "/images/create"} {
		t.Run(hangs, func(t *testing.T) {
			up, updates := make(chan struct{}), make(chan string, 10)
			a, host, asked := hangingEngine(t, func(w http.ResponseWriter, r *http.Request) bool {
				is := func(m, p string) bool { return r.Method == m && strings.Contains(r.URL.Path, p) }
				if strings.Contains(r.URL.Path, hangs) {
					select {
					case <-up:
					case <-r.Context().Done():
					}
				}
				switch {
				case is("GET", "/_ping") || is("HEAD", "/_ping"):
					w.Header().Set("API-Version", "1.41")
				case is("GET", "/containers/json"):
					_, _ = w.Write([]byte("[]"))
				case is("GET", "/images/") && hangs == "/images/create":
					w.WriteHeader(http.StatusNotFound)
				case is("POST", "/update"):
					body, _ := io.ReadAll(r.Body)
					updates <- string(body)
					_, _ = w.Write([]byte("{}"))
				case is("POST", "/wait"):
					return false
				case is("POST", "/containers/create"):
					w.WriteHeader(http.StatusCreated)
					_, _ = w.Write([]byte(`{"Id": "c"}`))
				case is("GET", "/containers/"):
					_, _ = w.Write([]byte(`{"State": {"Running": true, "Pid": 1}}`))
				}
				return true
			})
			if hangs == "/_ping" {
				a.Adopt(&protocol.Record{Container: "c", Executor: imageExecutor()})
			} else {
				a.Start(protocol.StartExecutor{Agent: "a", AgentID: "S0", Container: "c", Executor: imageExecutor(),
					Framework: mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: "f"}}})
			}
			for what := ""; !strings.Contains(what, hangs); {
				select {
				case what = <-asked:
				case what := <-host.ended:
					t.Fatal(what)
				case <-time.After(testkit.Patience):
					t.Fatal("the engine was not asked")
				}
			}
			a.Resize("c", protocol.Limits{CPUs: 1, MemoryMB: 64})
			a.Resize("c", protocol.Limits{CPUs: 3, MemoryMB: 128})
			close(up)
			select {
			case got := <-updates:
				if !strings.Contains(got, "134217728") {
					t.Error(got)
				}
			case what := <-host.ended:
				t.Fatal(what)
			case <-time.After(testkit.Patience):
				t.Fatal("the limits were lost")
			}
		})
	}
}
