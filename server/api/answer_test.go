package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
)

// Numbers of a trial's own that are larger than what they are summed and squared in end nobody's server.
func TestAttackNumbers(t *testing.T) {
	w := newWorld(t)
	end := filepath.Join(t.TempDir(), "end")
	s := w.submit(access.Submitter, Submission{Spec: `
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {min: 0, max: 23}}
command: |
  if [ ${param.x} = 7 ]; then echo loss=-1e200; else echo loss=${param.x}; fi
  echo '{"progress": 1e308}' >> $KAON_METRICS
  [ ${param.x} -lt 2 ] || exit 0
  until [ -e ` + end + ` ]; do sleep 0.1; done
task: {resources: {cpus: 0.01, memory: 16MB}}
`})
	at := "/sweeps/" + s.ID
	testkit.Await(t, "two trials that have said how far they are", func() bool {
		list := get[Page[Trial]](w, access.Viewer, at+"/trials?sort=trial&limit=2").Items
		return len(list) == 2 && len(list[0].Metrics) == 2 && len(list[1].Metrics) == 2
	})
	if s := get[Sweep](w, access.Viewer, at); s.Progress != nil {
		t.Errorf("progress %v of trials that say 1e308 %%", *s.Progress)
	}
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.ended(s.ID)
	r := get[Explanation](w, access.Viewer, at+"/importance")
	if r.Trials != 24 || !(math.Abs(r.Fit) < math.MaxFloat64) || len(r.Importance) != 1 {
		t.Errorf("%+v", r)
	}
}

// What JSON has no words for is an answer that says so, whatever was asked by which method.
func TestAnswersThatCannotBeEncoded(t *testing.T) {
	w := newWorld(t)
	type content struct{ Body struct{ Value float64 } }
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		op := operation(access.Viewer, method, "/infinite", "infinite-"+strings.ToLower(method), "Infinity")
		huma.Register(w.api.huma, op, func(context.Context, *struct{}) (*content, error) {
			c := new(content)
			c.Body.Value = math.Inf(1)
			return c, nil
		})
		for _, encoding := range []string{"identity", "gzip"} {
			status, answer, rs := w.ask(access.Viewer, method, Prefix+"/infinite", nil, "Accept-Encoding: "+encoding)
			if status != http.StatusInternalServerError || rs.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(answer), "unsupported value: +Inf") {
				t.Errorf("%s %s: %d %v %s", method, encoding, status, rs.Header, answer)
			}
		}
	}
}

// broken is a connection that breaks while it is written to.
type broken struct{ *httptest.ResponseRecorder }

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestCallersThatBreakOff(t *testing.T) {
	w := newWorld(t)
	rq := httptest.NewRequestWithContext(t.Context(), http.MethodGet, Prefix+"/sweeps", nil)
	rq.Header.Set("Authorization", "Bearer "+w.as[access.Viewer])
	w.api.mux.ServeHTTP(broken{httptest.NewRecorder()}, rq) // it panics, or does not
}
