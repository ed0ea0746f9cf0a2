package api

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
)

// What runs now is in the series from when it began, and has ended when it has.
func TestSeriesOfWhatRuns(t *testing.T) {
	w := newWorld(t)
	gate := filepath.Join(w.dir, "gate")
	s := w.submit(access.Submitter, Submission{Spec: strings.Replace(three, "echo hello", "until [ -e "+gate+" ]; do sleep 0.05; done; echo hello", 1)})
	series := func() export.Series { return get[export.Series](w, access.Viewer, "/sweeps/"+s.ID+"/series") }
	testkit.Await(t, "a trial that has run for some time", func() bool {
		o := series()
		n := len(o.Times)
		return n > 10 && o.Running[n-1] > 0 && o.Running[n-2] == o.Running[n-1] && o.Running[n-2]+o.Waiting[n-2] == 3 && o.Running[0] == 0
	})
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.ended(s.ID)
	o := series()
	if n := len(o.Times); o.Succeeded[n-1] != 3 || o.Running[n-1]+o.Waiting[n-1] != 0 || slices.Max(o.Running) == 0 {
		t.Errorf("ended: %+v", o)
	}
}

// What pictures are drawn from is there for a sweep, as often as it is asked for.
func TestPlots(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: strings.Replace(three, "echo hello", `[ ${param.x} != 2 ] || { echo no 17 >&2; exit 4; }; echo hello`, 1)})
	w.ended(s.ID)
	for _, where := range []string{"first", "again"} {
		c := get[export.Columns](w, access.Viewer, "/sweeps/"+s.ID+"/columns")
		if len(c.Trial) != 3 || c.Total != 3 || len(c.Params) != 1 || len(c.Params[0].Values) != 3 || c.Value[1] != 1.7 {
			t.Errorf("%s: columns %+v", where, c)
		}
		if order := c.Params[0].Order; !slices.Equal(order, []any{3.0, 1.0, 2.0}) {
			t.Errorf("%s: the spec lists %v", where, order)
		}
		if few := get[export.Columns](w, access.Viewer, "/sweeps/"+s.ID+"/columns?most=1"); len(few.Trial) > 1 || few.Total != 3 || !few.Sampled || c.Sampled {
			t.Errorf("%s: of at most one %+v", where, few)
		}
		curves := get[[]export.Curve](w, access.Viewer, "/sweeps/"+s.ID+"/curves")
		if len(curves) != 2 || len(curves[0].Points) == 0 {
			t.Errorf("%s: curves %+v", where, curves)
		}
		f := get[export.Failures](w, access.Viewer, "/sweeps/"+s.ID+"/failures")
		if f.Failed != 1 || len(f.Groups) != 1 || f.Groups[0].Line != "no 17" || f.Groups[0].Trials[0] != 2 {
			t.Errorf("%s: failures %+v", where, f)
		}
	}
	series := get[export.Series](w, access.Viewer, "/sweeps/"+s.ID+"/series?most=50")
	last := len(series.Times) - 1
	if last < 1 || last > 49 || len(series.Cached) != last+1 || series.Waiting[0]+series.Running[0] != 3 || series.Succeeded[last] != 2 || series.Failed[last] != 1 || series.Waiting[last] != 0 ||
		!slices.IsSorted(series.Times) || !slices.IsSorted(series.Succeeded) {
		t.Errorf("over time: %+v", series)
	}
	if few := get[export.Series](w, access.Viewer, "/sweeps/"+s.ID+"/series?most=2"); len(few.Times) != 2 || few.Succeeded[1] != 2 {
		t.Errorf("at two times: %+v", few)
	}
	for _, path := range []string{"/columns", "/curves", "/failures", "/series"} {
		if status, _, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/sweeps/none"+path, nil); status != http.StatusNotFound {
			t.Errorf("of none %s: %d", path, status)
		}
	}
}
