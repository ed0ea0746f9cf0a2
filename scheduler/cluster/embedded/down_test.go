package embedded_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	operator "github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/testkit"
)

func startMaintenance(machines string) string {
	return `{"type":"START_MAINTENANCE","start_maintenance":{"machines":[` + machines + `]}}`
}

func stopMaintenance(machines string) string {
	return `{"type":"STOP_MAINTENANCE","stop_maintenance":{"machines":[` + machines + `]}}`
}

// hostB is the other machine, and has another name than twoAgents gives it only in its case.
const hostB = `{"hostname":"HOST-b","ip":"127.0.0.1"}`

// well posts a call that is to be answered by 200 and nothing else.
func well(t *testing.T, s *embedded.Server, body string) {
	t.Helper()
	if status, text := operate(t, s, body); status != http.StatusOK || text != "" {
		t.Fatalf("%s: %d %q", body, status, text)
	}
}

// offerOf awaits an offer of a host.
func (f *framework) offerOf(host string) mesos.Offer {
	f.t.Helper()
	for {
		for _, o := range f.await(scheduler.Event_OFFERS).Offers.Offers {
			if o.Hostname == host {
				return o
			}
		}
	}
}

// launch runs a command that writes its process id to a file, and returns when it has.
func (f *framework) launch(o mesos.Offer, task, file string) {
	f.t.Helper()
	shell, command := true, "echo $$ > "+file+"; exec sleep 1000"
	f.send(calls.Accept(calls.OfferOperations{calls.OpLaunch(mesos.TaskInfo{
		Name: "t", TaskID: mesos.TaskID{Value: task}, AgentID: o.AgentID, Command: &mesos.CommandInfo{Shell: &shell, Value: &command},
		Resources: embedded.AgentConfig{CPUs: 0.1}.Resources(),
	})}.WithOffers(o.ID)))
	testkit.Await(f.t, "the task", func() bool { text, _ := os.ReadFile(file); return strings.HasSuffix(string(text), "\n") })
}

func ended(t *testing.T, file string) func() bool {
	pid, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return func() bool {
		_, err := os.Stat(filepath.Join("/proc", strings.TrimSpace(string(pid))))
		return err != nil
	}
}

// Machines whose maintenance is started are down: what ran there is lost and ended, agents there are refused, by later masters and processes
// too, until it is stopped.
func TestMachinesThatAreDown(t *testing.T) {
	dir := t.TempDir()
	cfg := embedded.Config{WorkDir: filepath.Join(dir, "work"), Agents: twoAgents(), Timing: protocol.Timing{AllocationInterval: 20 * time.Millisecond}}
	s := start(t, cfg)
	f := subscribe(t, s, "")
	o := f.offerOf("host-a")
	file := filepath.Join(dir, "pid")
	f.launch(o, "t", file)
	gone := ended(t, file)
	schedule := window(hostA+","+hostB, time.Duration(time.Now().Add(time.Hour).UnixNano()), time.Hour)
	well(t, s, schedule)

	well(t, s, startMaintenance(hostA))
	lost := false
	for !lost {
		u := f.await(scheduler.Event_UPDATE).Update.Status
		if u.GetState() != mesos.TASK_LOST {
			continue
		}
		lost = true
		if u.TaskID.Value != "t" || *u.AgentID != o.AgentID || u.GetSource() != mesos.SOURCE_MASTER || u.GetReason() != mesos.REASON_AGENT_REMOVED || len(u.UUID) > 0 ||
			u.UnreachableTime != nil || u.GetMessage() != "Agent host-a removed: Operator initiated 'Machine DOWN'" {
			t.Errorf("%v", u)
		}
	}
	if e := f.await(scheduler.Event_FAILURE).Failure; e.GetAgentID() == nil || *e.AgentID != o.AgentID || e.ExecutorID != nil {
		t.Errorf("%v", e)
	}
	testkit.Await(t, "the end of its process", gone)
	status := `{"type":"GET_MAINTENANCE_STATUS","get_maintenance_status":{"status":{"draining_machines":[{"id":{"hostname":"HOST-b","ip":"127.0.0.1"}}],` +
		`"down_machines":[{"hostname":"Host-A","ip":"127.0.0.1"}]}}}`
	awaitStatus := func(s *embedded.Server) {
		t.Helper()
		testkit.Await(t, "the status", func() bool {
			_, text := operate(t, s, getStatus)
			if i := strings.Index(text, `,"statuses":[`); i >= 0 { // what the framework answered of host-b
				text = text[:i] + text[i+strings.Index(text[i:], "]}"):][1:]
			}
			return text == status
		})
	}
	awaitStatus(s)

	// What is refused is refused as by Mesos, and the rest of the list with it.
	for body, want := range map[string]string{
		startMaintenance(hostB + "," + hostA):                `Machine '{"hostname":"Host-A","ip":"127.0.0.1"}' is not in DRAINING mode and cannot be brought down`,
		stopMaintenance(hostB):                               `Machine '{"hostname":"HOST-b","ip":"127.0.0.1"}' is not in DOWN mode and cannot be brought up`,
		stopMaintenance(`{"hostname":"c"}`):                  `Machine '{"hostname":"c"}' is not part of a maintenance schedule`,
		startMaintenance(`{"hostname":"c"}`):                 `Machine '{"hostname":"c"}' is not part of a maintenance schedule`,
		startMaintenance(``):                                 `List of machines is empty`,
		startMaintenance(`{}`):                               `Both 'hostname' and 'ip' for a machine are empty`,
		stopMaintenance(`{"ip":"x"}`):                        `Failed to parse the IP`,
		startMaintenance(hostB + "," + hostB):                `Machine '{"hostname":"HOST-b","ip":"127.0.0.1"}' appears more than once in the schedule`,
		noSchedule:                                           `Machine '{"hostname":"Host-A","ip":"127.0.0.1"}' is deactivated and cannot be removed from the schedule`,
		`{"type":"START_MAINTENANCE"}`:                       `Failed to validate master::Call: Expecting 'start_maintenance' to be present`,
		`{"type":"STOP_MAINTENANCE","start_maintenance":{}}`: `Failed to validate master::Call: Expecting 'stop_maintenance' to be present`,
	} {
		if status, text := operate(t, s, body); status != http.StatusBadRequest || text != want {
			t.Errorf("%s: %d %q, want %q", body, status, text, want)
		}
	}
	awaitStatus(s)

	// Nothing is offered of it, by this master, the next, an agent that is started anew, nor the next process.
	stillDown := func(s *embedded.Server, f *framework) {
		t.Helper()
		well(t, s, schedule) // has what is there offered anew
		if offers := f.await(scheduler.Event_OFFERS).Offers.Offers; len(offers) != 1 || offers[0].Hostname != "host-b" {
			t.Errorf("offered: %v", offers)
		}
		awaitStatus(s)
	}
	stillDown(s, f)
	s.KillMaster()
	s.StartMaster()
	f = subscribe(t, s, f.id)
	stillDown(s, f)
	s.KillAgent("a")
	if err := s.StartAgent("a"); err != nil {
		t.Fatal(err)
	}
	stillDown(s, f)
	s.Close()
	s = start(t, cfg)
	f = subscribe(t, s, f.id)
	stillDown(s, f)

	// Up again it is as if nothing had been planned.
	well(t, s, stopMaintenance(hostA))
	if again := f.offerOf("host-a"); again.Unavailability != nil || again.AgentID != o.AgentID {
		t.Errorf("%v", again)
	}
	if _, text := operate(t, s, `{"type":"GET_MAINTENANCE_SCHEDULE"}`); !strings.Contains(text, `{"windows":[{"machine_ids":[{"hostname":"HOST-b","ip":"127.0.0.1"}],`) {
		t.Errorf("schedule: %s", text)
	}
	well(t, s, startMaintenance(hostB))
	well(t, s, stopMaintenance(hostB))
	if _, text := operate(t, s, `{"type":"GET_MAINTENANCE_SCHEDULE"}`); text != `{"type":"GET_MAINTENANCE_SCHEDULE","get_maintenance_schedule":{"schedule":{}}}` {
		t.Errorf("schedule: %s", text)
	}
	f.offerOf("host-b")
}

// An agent that was away when its machine was taken down ends what it has as soon as it is refused.
func TestDownWhileItsAgentIsAway(t *testing.T) {
	dir := t.TempDir()
	s := start(t, embedded.Config{Agents: twoAgents(), Timing: protocol.Timing{AllocationInterval: 20 * time.Millisecond}})
	f := subscribe(t, s, "")
	file := filepath.Join(dir, "pid")
	f.launch(f.offerOf("host-a"), "t", file)
	gone := ended(t, file)
	s.KillAgent("a")
	well(t, s, window(hostA, 1, 1))
	well(t, s, startMaintenance(hostA))
	for f.await(scheduler.Event_UPDATE).Update.Status.GetState() != mesos.TASK_LOST {
	}
	if gone() {
		t.Error("an agent that is not there has ended its task")
	}
	if err := s.StartAgent("a"); err != nil {
		t.Fatal(err)
	}
	testkit.Await(t, "the end of its process", gone)
	well(t, s, stopMaintenance(hostA))
	f.offerOf("host-a")
}

// A machine that never had an agent is down before its first one comes.
func TestDownBeforeTheFirstAgent(t *testing.T) {
	work := t.TempDir()
	cfg := embedded.Config{WorkDir: work, Agents: twoAgents()[:1], Timing: protocol.Timing{AllocationInterval: 20 * time.Millisecond}}
	s := start(t, cfg)
	well(t, s, window(hostB, 1, 1))
	well(t, s, startMaintenance(hostB))
	s.Close()
	cfg.Agents = twoAgents()
	s = start(t, cfg)
	f := subscribe(t, s, "")
	if offers := f.next(scheduler.Event_OFFERS).Offers.Offers; len(offers) != 1 || offers[0].Hostname != "host-a" {
		t.Errorf("offered: %v", offers)
	}
	well(t, s, stopMaintenance(hostB))
	f.offerOf("host-b")
}

// The same in protobuf.
func TestStartMaintenanceInProtobuf(t *testing.T) {
	s := start(t, embedded.Config{Agents: twoAgents()})
	well(t, s, window(hostA, 1, 1))
	host, ip := "host-a", "127.0.0.1"
	ids := []mesos.MachineID{{Hostname: &host, IP: &ip}}
	for _, c := range []*operator.Call{
		{Type: operator.Call_START_MAINTENANCE, StartMaintenance: &operator.Call_StartMaintenance{Machines: ids}},
		{Type: operator.Call_STOP_MAINTENANCE, StopMaintenance: &operator.Call_StopMaintenance{Machines: ids}},
	} {
		body, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{http.StatusOK, http.StatusBadRequest} {
			resp := post(t, "http://"+s.Addr()+"/api/v1", "application/x-protobuf", string(body), "Content-Type", "application/x-protobuf")
			text, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != want || want == http.StatusOK && len(text) > 0 {
				t.Errorf("%v: %d %q %v, want %d", c.Type, resp.StatusCode, text, err, want)
			}
		}
	}
}

// Who may not subscribe takes no machine down.
func TestAttackMaintenanceOfAStranger(t *testing.T) {
	s := start(t, embedded.Config{Agents: twoAgents(), Auth: map[string]string{"ops": "secret"}})
	for _, body := range []string{window(hostA, 1, 1), startMaintenance(hostA), stopMaintenance(hostA)} {
		if status, _ := operate(t, s, body); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", body, status)
		}
	}
}

// A damaged file of what is down stops the start, with place and remedy: to take machines for up would start work on them.
func TestDamagedMaintenance(t *testing.T) {
	for text, want := range map[string]string{
		"":      "unexpected end of JSON input",
		"{\x00": "invalid character",
		`{"schedule":{"windows":[{"machine_ids":[],"unavailability":{"start":{"nanoseconds":1}}}]}}`: "List of machines in the maintenance window is empty",
		`{"schedule":{},"down":[{"hostname":"a"}]}`:                                                  `Machine '{"hostname":"a"}' is down, and not part of the schedule`,
	} {
		work := t.TempDir()
		name := filepath.Join(work, "maintenance.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := embedded.Start(t.Context(), embedded.Config{WorkDir: work, Agents: twoAgents()})
		if err == nil {
			s.Close()
			t.Fatalf("%q is taken", text)
		}
		for _, part := range []string{name, want, "mend it, or remove it"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: %v, want %q", text, err, part)
			}
		}
	}
}

// What cannot be kept is not done.
func TestMaintenanceThatCannotBeKept(t *testing.T) {
	work := t.TempDir()
	s := start(t, embedded.Config{WorkDir: work, Agents: twoAgents()})
	if err := os.Mkdir(filepath.Join(work, "maintenance.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if status, text := operate(t, s, window(hostA, 1, 1)); status != http.StatusInternalServerError || !strings.Contains(text, "maintenance.json") {
		t.Errorf("%d %q", status, text)
	}
	if _, text := operate(t, s, getStatus); strings.Contains(text, "machines") {
		t.Errorf("%s", text)
	}
}
