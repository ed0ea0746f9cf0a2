package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
)

// Who may cordon agents, what for, and which words name one.
func TestCordons(t *testing.T) {
	w := newWorld(t)
	if status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/cordons", NewCordon{Attribute: "rack", Value: "r1"}); status != http.StatusForbidden {
		t.Errorf("a submitter: %d %s", status, answer)
	}
	minute := 60
	for want, n := range map[int][]NewCordon{
		http.StatusUnprocessableEntity: {{}, {Agent: "a", Attribute: "rack"}, {Value: "r1"}, {Agent: "a", Value: "r1"}},
		http.StatusNotFound:            {{Agent: "nobody"}},
		http.StatusCreated:             {{Attribute: "rack", Value: "r1"}, {Attribute: "rack", Value: "r1", Seconds: &minute}, {Attribute: "rack", Value: "r2", Reason: "sold"}},
	} {
		for _, one := range n {
			if status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/cordons", one); status != want {
				t.Errorf("%+v: %d %s, want %d", one, status, answer, want)
			}
		}
	}
	list := get[[]Cordon](w, access.Viewer, "/cordons")
	if len(list) != 2 || list[0].Deadline == "" || list[1].Reason != "sold" || list[1].By != string(access.Operator) {
		t.Fatalf("cordons %+v: want that the second of the same agents is the first", list)
	}
	if status, _, _ := w.ask(access.Viewer, http.MethodDelete, Prefix+"/cordons/"+list[0].ID, nil); status != http.StatusForbidden {
		t.Errorf("a viewer: %d", status)
	}
	for _, want := range []int{http.StatusNoContent, http.StatusNotFound} {
		if status, answer, _ := w.ask(access.Operator, http.MethodDelete, Prefix+"/cordons/"+list[0].ID, nil); status != want {
			t.Errorf("delete: %d %s, want %d", status, answer, want)
		}
	}

	w.submit(access.Submitter, Submission{Spec: three})
	var agents []Agent
	testkit.Await(t, "an agent", func() bool { agents = get[[]Agent](w, access.Viewer, "/agents"); return len(agents) == 1 })
	for _, word := range []string{agents[0].ID, agents[0].Host, agents[0].ID[:5]} {
		status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/cordons", NewCordon{Agent: word})
		if status != http.StatusCreated || !strings.Contains(string(answer), `"agent":"`+word) {
			t.Errorf("%s: %d %s", word, status, answer)
		}
	}
}

func TestAgentThatHasLeft(t *testing.T) {
	snap := scheduler.Snapshot{Agents: []scheduler.AgentStatus{
		{ID: "here"}, {ID: "gone", Host: "g"}, {ID: "busy", Running: 1}, {ID: "cordoned", Cordon: &scheduler.Cordon{ID: "c"}},
	}}
	var ids []string
	for _, a := range agentsOf(snap, []*offers.Agent{{ID: "here"}}, nil, nil, time.Now()) {
		ids = append(ids, a.ID)
	}
	if strings.Join(ids, " ") != "here busy cordoned" {
		t.Errorf("agents %v", ids)
	}
}
