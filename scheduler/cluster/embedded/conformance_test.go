package embedded_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// The embedded cluster is held to recordings of a real Mesos 1.12: every recorded call is made over HTTP,
// every answer (status, body word for word, headers) and every event must be the recorded one. Differences
// are these, and no others:
//
//   - Ids, uuids, stream ids and container ids are ours; one stands for one recorded id throughout, and has its shape.
//     Timestamps, process ids, ports and the master's pid only have to be there.
//   - Events of one lane (a task's updates, an agent's offers, heartbeats, failures, messages) come in the recorded
//     order; how lanes interleave, and how many offers share one OFFERS event, is timing in Mesos as well.
//   - Time runs ten times as fast: intervals of the cluster, pauses of the scheduler, refuse_seconds and grace periods
//     are a tenth, and so is the heartbeat_interval_seconds announced. More heartbeats than recorded may come, and
//     updates more often than recorded.
//   - The periodic allocation comes when the recording shows offers next, and only then.
//   - Commands end when the recording is where they ended (gates_test.go).
//   - Images are built here, their commands run at their own speed, and of what Docker says about a container only what
//     the call decides is compared.
//   - Per scenario, what the table says.
var scenarios = map[string]scenario{
	"agent-lost": {
		timing: func(t *protocol.Timing) { t.AgentTimeout = 350 * time.Millisecond }, // three pings of 1 s
		why:    "Mesos lost the acknowledgement of TASK_RUNNING: the agent was killed 3 ms after the call. It then sent that update twice more.",
		lenient: func(l *line) bool {
			return l.T > 10800 && l.T < 10840 && strings.Contains(string(l.Event), `"TASK_RUNNING"`)
		},
	},
	"agent-restart": {
		timing: func(t *protocol.Timing) {
			t.AgentTimeout = 390 * time.Millisecond
			t.ReregistrationBackoff = 600 * time.Millisecond
		},
		why: "A Mesos agent waits the whole executor reregistration timeout (2 s) before it goes to the master; " +
			"ours goes as soon as all executors are back, so it is held back.",
	},
	"decline-filters": {},
	"disconnect":      {},
	"executor": {
		executor: true,
	},
	"executor-bad-uuid": {
		executor: true,
	},
	"docker-command": {
		images: true, agents: 1,
		why: "The engine's words about a missing image come from its API, not from its command line.",
	},
	"docker-executor":      {images: true, agents: 1},
	"mesos-image-executor": {images: true, agents: 1},
	"executor-dies":        {},
	"failover":             {},
	"http-errors":          {},
	"invalid-tasks":        {},
	"kill": {
		edit: strings.NewReplacer(`"nanoseconds":300000000`, `"nanoseconds":30000000000`).Replace,
		why:  "The recording shows k2's resources offered while k1 takes a second to end, of three that it has; a tenth is too short on a busy machine.",
	},
	"launch-fail":   {},
	"launch-finish": {},
	"unauthorized": {
		machine: &embedded.AgentConfig{Name: "a", Hostname: "127.0.0.1", CPUs: 4, MemoryMB: 4000, DiskMB: 4000,
			Ports: [2]uint64{31000, 32000}},
		refused: []string{"root"},
	},
	"maintenance":           {},
	"many-offers-one-agent": {},
	"master-restart": {
		timing: func(t *protocol.Timing) { t.ReregistrationBackoff = 200 * time.Millisecond },
		why:    "Agents take seconds to find a new master; ours come at once unless held back.",
	},
	"reconcile": {},
	"rescind": {
		timing: func(t *protocol.Timing) { t.OfferTimeout = 2 * time.Second },
		agents: 1,
		why:    "A tenth of the three seconds is too short for a busy machine: the offer would be rescinded before it is heard of.",
	},
	"stale-offers":   {},
	"subscribe":      {},
	"teardown":       {},
	"unacknowledged": {},
}

// scenario is how one recording's circumstances are made again.
type scenario struct {
	timing   func(*protocol.Timing)
	agents   int // of the two; 0: both
	edit     func(string) string
	lenient  func(*line) bool
	machine  *embedded.AgentConfig // the one agent, if it is none of the two
	refused  []string              // users that the ACLs forbid
	images   bool                  // it needs a Docker engine
	executor bool                  // there is a recording of the executor's side
	why      string                // the differences above
}

const scale = 10

func TestConformance(t *testing.T) {
	files, err := filepath.Glob("testdata/recordings/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".jsonl")
		if strings.HasSuffix(name, ".executor") {
			continue // played by the executor of the recording of the same name
		}
		sc, ok := scenarios[name]
		if !ok {
			t.Errorf("recording %s is not played", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conform(t, name, sc)
		})
	}
}

func conform(t *testing.T, name string, sc scenario) {
	lines, err := readRecording(filepath.Join("testdata/recordings", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	timing := protocol.Timing{
		AllocationInterval: -1, Heartbeat: 15 * time.Second / scale,
		ResendFirst: 10 * time.Second / scale, ResendMax: 10 * time.Minute / scale,
	}
	if sc.timing != nil {
		sc.timing(&timing)
	}
	work := t.TempDir()
	held := newGates(t, work, lines)
	var pictures *strings.Replacer
	if sc.images {
		pictures = recordedImages(t, held)
	}
	agents := twoAgents()
	if sc.agents > 0 {
		agents = agents[:sc.agents]
	}
	if sc.machine != nil {
		agents = []embedded.AgentConfig{*sc.machine}
	}
	s := start(t, embedded.Config{Agents: agents, Timing: timing, WorkDir: work, Refused: sc.refused})
	verdict := filepath.Join(t.TempDir(), "verdict")
	r := &replay{
		url: "http://" + s.Addr() + "/api/v1/scheduler", scale: scale, lines: lines, lenient: sc.lenient,
		edit: func(l *line, text string) string {
			if sc.images {
				return pictures.Replace(held.hold(text))
			}
			text = held.hold(faster(text))
			if sc.edit != nil {
				text = sc.edit(text)
			}
			if sc.executor {
				text = strings.ReplaceAll(text, "/usr/local/bin/capexec", replayCommand(name, verdict))
			}
			return text
		},
		shell: func(what string) error {
			switch what {
			case "the master is killed with SIGKILL":
				s.KillMaster()
			case "the master is started again":
				s.StartMaster()
			case "the agent is killed with SIGKILL", "the agent is killed with SIGKILL and stays away":
				s.KillAgent("a")
			case "the agent is started again":
				return s.StartAgent("a")
			default:
				return fmt.Errorf("unknown operation %q", what)
			}
			return nil
		},
		offer: s.Allocate,
		reached: func(ms int64) bool {
			if sc.executor {
				tellExecutor(verdict, ms)
			}
			return held.open(ms)
		},
	}
	for _, f := range r.run() {
		t.Error(f)
	}
	if sc.executor {
		b, err := os.ReadFile(verdict)
		if err != nil {
			t.Fatalf("executor's side: %v", err)
		}
		if len(b) > 0 {
			t.Errorf("executor's side:\n%s", b)
		}
	}
}

var (
	refuses = regexp.MustCompile(`"refuse_seconds":(\d+)`)
	graces  = regexp.MustCompile(`"nanoseconds":(\d+)`)
)

// faster makes a recorded call fit a world ten times as fast.
func faster(text string) string {
	divide := func(re *regexp.Regexp, text string) string {
		return re.ReplaceAllStringFunc(text, func(s string) string {
			m := re.FindStringSubmatch(s)
			n, _ := strconv.ParseFloat(m[1], 64)
			return strings.Replace(s, m[1], strconv.FormatFloat(n/scale, 'f', -1, 64), 1)
		})
	}
	return divide(graces, divide(refuses, text))
}

// replayCommand runs this test binary as the recorded executor.
func replayCommand(name, verdict string) string {
	self, _ := os.Executable()
	dir, _ := os.Getwd()
	b, _ := json.Marshal(fmt.Sprintf("KAON_REPLAY=%s KAON_VERDICT=%s exec %s",
		filepath.Join(dir, "testdata/recordings", name+".executor.jsonl"), verdict, self))
	return strings.Trim(string(b), `"`)
}

// TestMain lets this binary be an executor, that of a recording or another, and a process that holds a
// cluster.
func TestMain(m *testing.M) {
	other := func(main func() error) {
		if err := main(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv("KAON_EXECUTOR") != "" {
		other(executorMain)
	}
	if dir := os.Getenv("KAON_CLUSTER"); dir != "" {
		other(func() error { return clusterMain(dir) })
	}
	recording := os.Getenv("KAON_REPLAY")
	if recording == "" {
		flag.Parse()
		_ = flag.Set("test.parallel", "8") // the scenarios sleep most of the time
		os.Exit(m.Run())
	}
	faults, err := replayExecutor(recording)
	if err != nil {
		faults = append(faults, err.Error())
	}
	if err := os.WriteFile(os.Getenv("KAON_VERDICT"), []byte(strings.Join(faults, "\n")), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// replayExecutor plays the executor's side of a recording against the agent that started this process.
func replayExecutor(recording string) ([]string, error) {
	lines, err := readRecording(recording)
	if err != nil {
		return nil, err
	}
	r := &replay{url: "http://" + os.Getenv("MESOS_AGENT_ENDPOINT") + "/slave(1)/api/v1/executor", scale: scale,
		lines: lines[1:]}
	r.token = os.Getenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN") // the recorded agents asked for none
	r.mu.ids = map[string]string{}
	scheduler, err := readRecording(strings.Replace(recording, ".executor.jsonl", ".jsonl", 1))
	if err != nil {
		return nil, err
	}
	side := schedulerSide{file: os.Getenv("KAON_VERDICT"), lines: scheduler, ahead: ahead(scheduler, lines)}
	r.before = side.await
	faults := r.environment(lines[0].Env)
	faults = append(faults, r.run()...)
	side.awaitEnd(lines[len(lines)-1])
	time.Sleep(time.Second / scale) // the recorded executor's last second
	return faults, nil
}

// environment compares the variables an agent gives its executors, and learns the ids among them.
func (r *replay) environment(want map[string]string) (faults []string) {
	for _, k := range []string{"MESOS_FRAMEWORK_ID", "MESOS_SLAVE_ID"} {
		r.mu.ids[want[k]] = os.Getenv(k)
	}
	r.mu.ids[filepath.Base(want["MESOS_SANDBOX"])] = filepath.Base(os.Getenv("MESOS_SANDBOX"))
	port := regexp.MustCompile(`:\d+$`)
	inside := func(p string) string { _, in, _ := strings.Cut(p, "/slaves/"); return in }
	for k, w := range want {
		got, w := os.Getenv(k), translate(w, r.mu.ids)
		switch k {
		case "MESOS_DIRECTORY", "MESOS_SANDBOX":
			w, got = inside(w), inside(got)
		case "MESOS_AGENT_ENDPOINT", "MESOS_SLAVE_PID":
			w, got = port.ReplaceAllString(w, ""), port.ReplaceAllString(got, "")
		}
		if w != got {
			faults = append(faults, fmt.Sprintf("environment: %s: want %q, got %q", k, w, got))
		}
	}
	for _, kv := range os.Environ() {
		if k, _, _ := strings.Cut(kv, "="); strings.HasPrefix(k, "MESOS_") && want[k] == "" &&
			k != "MESOS_EXECUTOR_AUTHENTICATION_TOKEN" {
			faults = append(faults, "environment: "+k+" is not recorded")
		}
	}
	slices.Sort(faults)
	return faults
}
