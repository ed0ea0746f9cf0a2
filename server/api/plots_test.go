package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/export"
)

// What pictures are drawn from is there for a sweep, as often as it is asked for.
func TestPlots(t *testing.T) {
	w := newWorld(t)
	s := w.submit(Submitter, Submission{Spec: strings.Replace(three, "echo hello", `[ ${param.x} != 2 ] || { echo no 17 >&2; exit 4; }; echo hello`, 1)})
	w.ended(s.ID)
	for _, where := range []string{"first", "again"} {
		c := get[export.Columns](w, Viewer, "/sweeps/"+s.ID+"/columns")
		if len(c.Trial) != 3 || c.Total != 3 || len(c.Params) != 1 || len(c.Params[0].Values) != 3 || c.Value[1] != 1.7 {
			t.Errorf("%s: columns %+v", where, c)
		}
		if few := get[export.Columns](w, Viewer, "/sweeps/"+s.ID+"/columns?most=1"); len(few.Trial) > 1 || few.Total != 3 || !few.Sampled || c.Sampled {
			t.Errorf("%s: of at most one %+v", where, few)
		}
		curves := get[[]export.Curve](w, Viewer, "/sweeps/"+s.ID+"/curves")
		if len(curves) != 2 || len(curves[0].Points) == 0 {
			t.Errorf("%s: curves %+v", where, curves)
		}
		f := get[export.Failures](w, Viewer, "/sweeps/"+s.ID+"/failures")
		if f.Failed != 1 || len(f.Groups) != 1 || f.Groups[0].Line != "no 17" || f.Groups[0].Trials[0] != 2 {
			t.Errorf("%s: failures %+v", where, f)
		}
	}
	for _, path := range []string{"/columns", "/curves", "/failures"} {
		if status, _, _ := w.ask(Viewer, http.MethodGet, Prefix+"/sweeps/none"+path, nil); status != http.StatusNotFound {
			t.Errorf("of none %s: %d", path, status)
		}
	}
}
