package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/accounting"
)

// released waits until a sweep has ended, and has the server forget it: it lies in the results alone.
func (w *world) released(id string) {
	w.t.Helper()
	w.ended(id)
	if err := w.server.Release(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
}

// What somebody has set reads as the word that stands for a secret, and is given none of the server's user's in its place.
func TestAttackWordForASecret(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
	s := w.submit(access.Submitter, Submission{
		Spec: "method: grid\nmetric: {name: y, goal: maximize}\nparameters: {AWS_SECRET_ACCESS_KEY: {values: [SECRET, b]}}\n" +
			"try: [{AWS_SECRET_ACCESS_KEY: b}]\ncommand: echo y=1\n",
		Set: []string{"try.0.AWS_SECRET_ACCESS_KEY=SECRET"},
	})
	plain := w.submit(access.Submitter, Submission{Spec: three, Set: []string{"task.env.AWS_SECRET_ACCESS_KEY=SECRET"}})
	w.released(s.ID)
	w.released(plain.ID)
	for _, path := range []string{"/usage", "/usage?by=user", "/sweeps/" + s.ID, "/sweeps/" + s.ID + "/importance", "/sweeps/" + s.ID + "/spec"} {
		if _, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+path, nil); strings.Contains(string(answer), "hush-hush") {
			t.Errorf("%s: %s", path, answer)
		}
	}
	if u := get[accounting.Usage](w, access.Viewer, "/usage"); len(u.Gaps) > 0 {
		t.Errorf("not all that was used is known: %+v", u.Gaps)
	}
	own := access.With(t.Context(), access.Own())
	for _, id := range []string{s.ID, plain.ID} {
		if sub, err := w.api.like(own, Submission{Like: id}); err == nil || strings.Contains(fmt.Sprint(sub, err), "hush-hush") {
			t.Errorf("another's sweep once more has %q, %v", sub.Set, err)
		}
	}
}
