package api

import (
	"net/url"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
)

// What a trial does not have is no number.
func TestFilterOfWhatTrialsLack(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Operator, Submission{Spec: strings.NewReplacer("echo loss=", "test ${param.x} -gt 1 || echo loss=").Replace(three)})
	w.ended(s.ID)
	list := func(filter string) int {
		return get[Page[Trial]](w, access.Viewer, "/sweeps/"+s.ID+"/trials?filter="+url.QueryEscape(filter)).Total
	}
	for filter, want := range map[string]int{
		"metrics.loss < 2": 1, "metrics.loss > -1": 1, "2 > metrics.loss": 1, "metrics.loss + 1 < 3": 1, "-metrics.loss > -2": 1, "abs(metrics.loss) < 2": 1,
		"max(metrics.loss, 0) < 2": 1, "round(metrics.loss) == 2": 1, "metrics.loss == nil": 2, "metrics.loss != nil": 1, "metrics.other <= 0": 0, "params.x < 2": 1,
		"metrics.loss * 2 < params.x * 4": 1, "metrics.loss < 2 || params.x == 2": 2, "params.x == 2 || metrics.loss < 2": 2, "seconds >= 0": 3,
		"metrics.loss > 5 || state == \"failed\"": 2, "metrics.loss > 1 and params.x > 5 or params.x == 3": 1,
		"!(metrics.loss < 2)": 2, "not (metrics.other > 1) && params.x < 3": 2, "!(metrics.loss + 1 < 3 || params.x == 3)": 1,
		"params.x in [1, 2] && !(metrics.other < 1 || -metrics.other < 1)": 2, "params.x not in [1]": 2, "!!(metrics.loss < 2)": 1,
	} {
		if got := list(filter); got != want {
			t.Errorf("%s holds for %d trials, want %d", filter, got, want)
		}
	}
	waits := w.submit(access.Operator, Submission{Spec: strings.Replace(three, "echo hello", "sleep 60; echo hello", 1)})
	for _, filter := range []string{"seconds < 60", "metrics.loss < 2", "value < 2"} {
		if some := get[Page[Trial]](w, access.Viewer, "/sweeps/"+waits.ID+"/trials?filter="+url.QueryEscape(filter)); some.Total != 0 {
			t.Errorf("%s holds for %d trials that have not ended", filter, some.Total)
		}
	}
}
