package main

import (
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/server/scaling"
	"github.com/kaon-sweep/kaon/server/webhook"
	"github.com/kaon-sweep/kaon/testkit"
)

// A server advises by its rules, of what waits beside an agent that is full: more agents of the group that could take it, and none of
// the others. People see it.
func TestServeScaling(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("slow.yaml", slowSpec)
	p.write("wrong.yaml", "groups:\n- {name: small}\n")
	p.kaon("serve", "--scaling", "wrong.yaml").ends(exitUsage).says("wrong.yaml: group 1", "attribute and value")
	p.kaon("serve", "--scaling", "missing.yaml").ends(exitUsage).says("missing.yaml")
	p.write("hook.yaml", "groups:\n- {name: small, attribute: pool, value: small, agent: {cpus: 1, memory_mb: 1024}, max_agents: 9, webhook: 'https://scaler.example/kaon'}\n")
	p.kaon("serve", "--scaling", "hook.yaml").ends(exitUsage).says("--webhook-secret @FILE")
	p.kaon("serve", "--client-role", "OU=ml=submitter").ends(exitUsage).says("--client-ca")
	if _, err := os.Stat(filepath.Join(p.dir, "kaon-results")); !os.IsNotExist(err) {
		t.Errorf("what the flags say was refused after something had begun: %v", err)
	}
	p.write("rules.yaml", "groups:\n"+
		"- {name: small, attribute: pool, value: small, agent: {cpus: 0.5, memory_mb: 4096}, max_agents: 9, cool_down: 1s, command: [sh, tell.sh, small]}\n"+
		"- {name: large, attribute: pool, value: large, agent: {cpus: 1.5, memory_mb: 4096}, max_agents: 9, cool_down: 1s, command: [sh, tell.sh, large]}\n")
	p.write("tell.sh", "cat > $1.new && mv $1.new $1.told\n")
	machine := p.serve("", "cpus=1.5,mem=4096,pool=large")
	x, _ := p.serving("--cluster", machine, "--scaling", "rules.yaml", "--scaling-every", "100ms")
	p.kaon("submit", "slow.yaml", "--set", "task.resources.cpus=1", "--label", "big").ends(exitDone)
	var e scaling.Event
	testkit.Await(t, "advice of two more agents", func() bool {
		text, err := os.ReadFile(filepath.Join(p.dir, "large.told"))
		return err == nil && json.Unmarshal(text, &e) == nil && e.Advice.Add == 2 && e.Agents == 1 && e.Idle == 0
	})
	if e.Waiting != 2 || e.Unfit != 0 || e.Largest == nil || e.Largest.CPUs != 1 {
		t.Errorf("advised by %+v of %+v", e, e.Largest)
	}
	p.kaon("agents").ends(exitDone).prints("group large: 1 agent, 0 idle; 2 trials wait that would fit; advice: 2 more", "group small: 0 agents, 0 idle; 0 trials wait that would fit, 2 that would not")
	p.kaon("stop", "big").ends(exitDone)
	p.kaon("watch", "big")
	if _, err := os.Stat(filepath.Join(p.dir, "small.told")); err == nil {
		t.Error("agents are advised that could take nothing")
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	testkit.Await(t, "the end of executors, whose framework is removed", func() bool { return len(p.processes()) == 1 }) // the cluster
}

// Agents are counted also where there is nothing to run: those that there are need no others beside them.
func TestServeScalingWithoutWork(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("rules.yaml", "groups:\n- {name: small, attribute: pool, value: small, agent: {cpus: 1, memory_mb: 1024}, min_idle: 1, max_agents: 9, cool_down: 1s, command: [sh, tell.sh]}\n")
	p.write("tell.sh", "cat >> told\n")
	machine := p.serve("", "cpus=1,mem=1024,pool=small")
	for range 2 { // also when it is started again
		x, _ := p.serving("--cluster", machine, "--scaling", "rules.yaml", "--scaling-every", "100ms")
		testkit.Await(t, "the agent to be counted", func() bool {
			return strings.Contains(p.kaon("agents").ends(exitDone).stdout, "group small: 1 agent, 1 idle")
		})
		x.signal(os.Interrupt)
		x.wait().ends(exitDone)
	}
	if text, err := os.ReadFile(filepath.Join(p.dir, "told")); err == nil {
		t.Errorf("advised: %s", text)
	}
}

// A group's webhook is told, signed, what its rule wants, once: a server that is killed and started again knows that it was, and shows it.
func TestServeScalingTellsAWebhook(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []scaling.Event
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e scaling.Event
		if err != nil || json.Unmarshal(body, &e) != nil || r.Header.Get("X-Kaon-Event") != scaling.AdviceEvent || r.Header.Get("X-Kaon-Delivery") != e.ID ||
			!hmac.Equal([]byte(webhook.Sign([]byte("hush"), r.Header.Get("X-Kaon-Timestamp"), body)), []byte(r.Header.Get("X-Kaon-Signature"))) {
			t.Errorf("%v: %v %q", err, r.Header, body)
		}
		mu.Lock()
		defer mu.Unlock()
		told = append(told, e)
	}))
	defer receiver.Close()
	p := newPlace(t)
	p.write("slow.yaml", slowSpec)
	if err := os.Chmod(p.write("secret", "hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.write("rules.yaml", "groups:\n"+
		"- {name: large, attribute: pool, value: large, agent: {cpus: 1.5, memory_mb: 4096}, max_agents: 9, cool_down: 10h, webhook: '"+receiver.URL+"/hook'}\n")
	machine := p.serve("", "cpus=1.5,mem=4096,pool=large")
	flags := []string{"--cluster", machine, "--scaling", "rules.yaml", "--scaling-every", "100ms", "--webhook-secret", "@secret", "--webhook-allow", "127.0.0.1/32"}
	x, _ := p.serving(flags...)
	p.kaon("submit", "slow.yaml", "--set", "task.resources.cpus=1", "--label", "big").ends(exitDone)
	testkit.Await(t, "the news", func() bool { mu.Lock(); defer mu.Unlock(); return len(told) > 0 })
	if e := told[0]; e.Group != "large" || e.Advice == nil || e.Advice.Add == 0 {
		t.Errorf("%+v", e)
	}
	x.signal(syscall.SIGKILL)
	x.wait()
	y, _ := p.serving(flags...)
	testkit.Await(t, "what was told", func() bool {
		return strings.Contains(p.kaon("agents").ends(exitDone).stdout, fmt.Sprintf("; advice: %d more; last told at %s", told[0].Advice.Add, told[0].Time))
	})
	p.kaon("stop", "big").ends(exitDone)
	p.kaon("watch", "big")
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	if mu.Lock(); len(told) != 1 {
		t.Errorf("told %d times: %+v", len(told), told)
	}
	mu.Unlock()
	testkit.Await(t, "the end of executors, whose framework is removed", func() bool { return len(p.processes()) == 1 }) // the cluster
}
