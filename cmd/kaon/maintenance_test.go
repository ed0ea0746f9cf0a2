package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
)

// operate posts a call to the operator API of a master.
func operate(t *testing.T, cluster, body string) string {
	t.Helper()
	resp, err := http.Post("http://"+strings.TrimPrefix(cluster, "mesos://")+"/api/v1", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s %v", body, resp.StatusCode, text, err)
	}
	return string(text)
}

// schedule takes a host away from then on, for an hour; an empty one calls all off.
func schedule(host string, from time.Time) string {
	windows := ""
	if host != "" {
		windows = fmt.Sprintf(`{"machine_ids":[{"hostname":%q,"ip":"127.0.0.1"}],"unavailability":{"start":{"nanoseconds":%d},"duration":{"nanoseconds":%d}}}`,
			host, from.UnixNano(), time.Hour)
	}
	return `{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":{"windows":[` + windows + `]}}}`
}

// A maintenance schedule of the master has an agent empty by its start, at no charge, is known again to a server that was killed, and is
// lifted when the master takes it back.
func TestMaintenanceOfACluster(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("slow.yaml", slowSpec)
	cluster := p.start("cluster", "--listen", "127.0.0.1:0", "--json", "--no-auth", "--allocate", "20ms",
		"--agent", "name=a,host=host-a,cpus=4,mem=400", "--agent", "name=b,host=host-b,cpus=4,mem=400")
	var at struct{ Cluster string }
	testkit.Await(t, "the cluster", func() bool { return json.Unmarshal([]byte(cluster.stdout.String()), &at) == nil })
	x, _ := p.serving("--cluster", at.Cluster)
	var s api.Sweep
	p.kaon("submit", "slow.yaml", "--set", "task.retries=0", "--json").ends(exitDone).json(&s)
	var one, other *api.Agent // the one that is taken away
	host := ""
	await := func(what string, done func() bool) {
		t.Helper()
		awaitAgents(t, p, what, func(all []api.Agent) bool {
			if len(all) != 2 {
				return false
			}
			if one, other = &all[0], &all[1]; one.Host != host && (host != "" || one.Running == 0) {
				one, other = other, one
			}
			return done()
		})
	}
	await("all on one agent", func() bool { return one.Running == 3 })
	host = one.Host

	// It is far away, so nothing happens but that it is known, and promised.
	tomorrow := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	operate(t, at.Cluster, schedule(host, tomorrow))
	await("the plan", func() bool { return one.Away != nil })
	if one.Away.From != tomorrow.UTC().Format(time.RFC3339) || one.Away.To == "" || one.Running != 3 || one.State == "maintenance" {
		t.Errorf("%+v of %+v", one.Away, one)
	}
	p.kaon("agents").ends(exitDone).prints(", maintenance from " + one.Away.From + " to " + one.Away.To)
	promised := func() bool {
		return strings.Contains(operate(t, at.Cluster, `{"type":"GET_MAINTENANCE_STATUS"}`), `"status":"ACCEPT"`)
	}
	testkit.Await(t, "the promise", promised)

	// A server that is killed is told again, and so is one whose agent is taken away while there is none.
	x.signal(syscall.SIGKILL)
	x.wait()
	y, _ := p.serving("--cluster", at.Cluster)
	await("the plan after a crash", func() bool { return one.Away != nil && one.Running == 3 })
	testkit.Await(t, "the promise after a crash", promised)
	y.signal(syscall.SIGKILL)
	y.wait()
	operate(t, at.Cluster, schedule(host, time.Now()))
	z, _ := p.serving("--cluster", at.Cluster)
	await("all on the other agent", func() bool { return one.State == "maintenance" && one.Running == 0 && other.Running == 3 })
	p.kaon("agents").ends(exitDone).prints("maintenance from " + one.Away.From)

	// What waits says so, and goes on when the plan is called off.
	p.kaon("drain", other.ID, "--deadline", "0s", "--wait").ends(exitDone)
	testkit.Await(t, "the reason", func() bool {
		return strings.Contains(p.kaon("status", s.ID).ends(exitDone).stdout, "agent "+host+" is under maintenance from "+one.Away.From+" to "+one.Away.To)
	})
	operate(t, at.Cluster, schedule("", time.Time{}))
	await("all back", func() bool { return one.Away == nil && one.Running == 3 })
	p.write("go", "")
	p.kaon("watch", s.ID).ends(exitDone).prints("winner: trial 1, loss 1")
	p.kaon("drain", host, "--wait").ends(exitDone) // which ends executors that have nothing to do
	testkit.Await(t, "the end of idle executors", func() bool {
		return !slices.ContainsFunc(p.processes(), func(pid int) bool { return strings.Contains(commandOf(pid), " executor ") })
	})
	z.signal(os.Interrupt)
	z.wait().ends(exitDone)
	cluster.signal(os.Interrupt)
	cluster.wait()
}

// down is a call that starts or stops the maintenance of a host.
func down(call, host string) string {
	return fmt.Sprintf(`{"type":"%s_MAINTENANCE","%s_maintenance":{"machines":[{"hostname":%q,"ip":"127.0.0.1"}]}}`, call, strings.ToLower(call), host)
}

// An operator who takes a machine down before its time costs the trials there nothing: they run again elsewhere, and the machine has no
// work, nor after a crash of the cluster, until it is brought up.
func TestMachineThatIsTakenDown(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("slow.yaml", slowSpec)
	address := fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
	starting := func() *process {
		x := p.start("cluster", "--listen", address, "--json", "--no-auth", "--allocate", "20ms",
			"--agent", "name=a,host=host-a,cpus=4,mem=400", "--agent", "name=b,host=host-b,cpus=4,mem=400")
		testkit.Await(t, "the cluster", func() bool { return strings.Contains(x.stdout.String(), address) })
		return x
	}
	cluster := starting()
	x, _ := p.serving("--cluster", "mesos://"+address)
	var s api.Sweep
	p.kaon("submit", "slow.yaml", "--set", "task.retries=0", "--json").ends(exitDone).json(&s)
	running := func(elsewhere string) func([]api.Agent) bool { // than on a host; empty: anywhere
		return func(all []api.Agent) bool {
			return slices.ContainsFunc(all, func(a api.Agent) bool { return a.Running == 3 && a.Host != elsewhere })
		}
	}
	back := func() { // the master says so: the server, for which nothing waits, is offered nothing
		testkit.Await(t, "the agent back", func() bool {
			resp, err := http.Get("http://" + address + "/slaves")
			if err != nil {
				return false
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			return err == nil && strings.Count(string(text), `"pid"`) == 2
		})
	}
	takeDown := func() (host string) {
		agents := awaitAgents(t, p, "all on one agent", running(""))
		host = agents[slices.IndexFunc(agents, func(a api.Agent) bool { return a.Running == 3 })].Host
		operate(t, address, schedule(host, time.Now().Add(24*time.Hour)))
		operate(t, address, down("START", host))
		awaitAgents(t, p, "all on the other", running(host))
		return host
	}
	for range 11 { // one more than losses are taken for chance
		host := takeDown()
		operate(t, address, down("STOP", host))
		back()
	}
	host := takeDown()
	p.kaon("trial", s.ID+"/0").ends(exitDone).prints("Operator initiated 'Machine DOWN'")

	cluster.signal(syscall.SIGKILL)
	cluster.wait()
	cluster = starting()
	if said := operate(t, address, `{"type":"GET_MAINTENANCE_STATUS"}`); !strings.Contains(said, `"down_machines":[{"hostname":"`+host+`"`) {
		t.Errorf("after a crash: %s", said)
	}
	awaitAgents(t, p, "all where they were", running(host))
	if _, text, _ := strings.Cut(operate(t, address, `{"type":"GET_MAINTENANCE_STATUS"}`), "down_machines"); text == "" {
		t.Error("nothing is down")
	}
	operate(t, address, down("STOP", host))
	back()
	p.write("go", "")
	p.kaon("watch", s.ID).ends(exitDone).prints("winner: trial 1, loss 1")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	cluster.signal(os.Interrupt)
	cluster.wait()
	for _, pid := range p.processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // executors that a cluster leaves running
	}
}
