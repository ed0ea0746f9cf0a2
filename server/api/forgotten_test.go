package api

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
)

// A server that has seen many sweeps end keeps the last ones to go on with. Those before are read from the results and are
// deleted there, and what they took of its memory and its folder is free.
func TestForgottenSweeps(t *testing.T) {
	w := newWorld(t, func(cfg *server.Config) { cfg.KeptSweeps = 2 })
	spec := "method: grid\nparameters: {x: {values: [1]}}\nmetric: {name: loss, goal: minimize}\ncommand: echo loss=${param.x}\n"
	var all []string
	for range 5 {
		s := w.submit(access.Submitter, Submission{Spec: spec})
		w.ended(s.ID)
		all = append(all, s.ID)
	}
	testkit.Await(t, "the first three are forgotten", func() bool { return len(w.server.Sweeps()) == 2 })
	for i, id := range all {
		s := get[Sweep](w, access.Viewer, "/sweeps/"+id)
		if s.State != "succeeded" || s.Here != (i >= 3) || s.Trials.Succeeded != 1 {
			t.Errorf("sweep %d: %+v", i, s)
		}
		if page := get[Page[Trial]](w, access.Viewer, "/sweeps/"+id+"/trials"); page.Total != 1 || len(page.Items) != 1 || page.Items[0].Value == nil {
			t.Errorf("trials of sweep %d: %+v", i, page)
		}
		if left, err := filepath.Glob(filepath.Join(w.dir, "state", "*", id)); err != nil || (len(left) > 0) != (i >= 3) {
			t.Errorf("the state of sweep %d: %v %v", i, left, err)
		}
	}
	if status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps/"+all[0]+"/extend", Extension{Set: []string{"run_cap=2"}}); status != http.StatusConflict {
		t.Errorf("go on with a forgotten one: %d %s", status, answer)
	}
	for _, id := range all {
		if status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+"/sweeps/"+id, nil); status != http.StatusOK {
			t.Errorf("delete %s: %d %s", id, status, answer)
		}
	}
	if left := get[Page[Sweep]](w, access.Viewer, "/sweeps"); left.Total != 0 {
		t.Errorf("left: %s", fmt.Sprint(left.Items))
	}
}
