package api

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
)

// Whoever changes a sweep that somebody deletes meanwhile is told that there is none.
func TestAttackChangesBesideADeletion(t *testing.T) {
	w := newWorld(t)
	for range 6 {
		s := w.submit(access.Submitter, Submission{Spec: three})
		w.ended(s.ID)
		var asking sync.WaitGroup
		ask := func(method, path string, in string) {
			asking.Go(func() {
				for range 20 {
					rq, err := http.NewRequestWithContext(t.Context(), method, w.address+Prefix+"/sweeps/"+s.ID+path, strings.NewReader(in))
					if err != nil {
						t.Error(err)
						return
					}
					rq.Header.Set("Content-Type", "application/json")
					rq.Header.Set("Authorization", "Bearer "+w.as[access.Operator])
					rs, err := http.DefaultClient.Do(rq)
					if err != nil { // a panic cuts the connection
						t.Errorf("%s%s: %v", method, path, err)
						return
					}
					rs.Body.Close()
					if rs.StatusCode >= 500 {
						t.Errorf("%s%s: %s", method, path, rs.Status)
					}
					if rs.StatusCode == http.StatusNotFound || method == http.MethodDelete {
						return
					}
				}
			})
		}
		for range 4 {
			ask(http.MethodPatch, "", `{"labels":["a"]}`)
			ask(http.MethodPatch, "", `{"archived":true}`)
			ask(http.MethodPost, "/retry", "")
			ask(http.MethodGet, "/winner", "")
		}
		ask(http.MethodDelete, "", "")
		asking.Wait()
	}
}
