package mlflow

import (
	"strings"
	"testing"
)

// What replaces another counts once, and what is refused is not kept.
func TestKeptIsWhatThereIs(t *testing.T) {
	l := newLogged(t.TempDir())
	if _, bad := l.createRun(&request{}, ""); bad != nil {
		t.Fatal(bad.message)
	}
	of := l.runs[0]
	for range 200 { // as many models as one tag holds, of which each is in all later values
		if _, bad := l.logModel(&request{RunID: of.info.ID, ModelJSON: `{"x": "` + strings.Repeat("x", 2000) + `"}`}, ""); bad != nil {
			t.Fatal(bad.message)
		}
	}
	before, name := l.kept, of.info.Name
	long := strings.Repeat("n", 4<<20)
	for range 3 {
		if bad := l.tag(of, pair{nameTag, long}); bad != nil {
			t.Fatal(bad.message)
		}
		if of.info.Name != long || l.kept < before+len(long)-len(name) {
			t.Errorf("%d bytes are kept with a name of %d", l.kept, len(of.info.Name))
		}
	}
	if bad := l.tag(of, pair{"more", long}); bad == nil || l.kept > maxKept {
		t.Errorf("%d bytes are kept", l.kept)
	}
	if bad := l.tag(of, pair{nameTag, long + long}); bad == nil || len(of.info.Name) != len(long) {
		t.Errorf("a name that is refused is kept: %d bytes", len(of.info.Name))
	}
	if bad := l.tag(of, pair{nameTag, name}); bad != nil || l.kept != before || of.info.Name != name {
		t.Errorf("%d bytes are kept, of %d before", l.kept, before)
	}
}

// Each run tells where its artifacts are: an experiment's place is short, and counts for each.
func TestAttackLongArtifactLocation(t *testing.T) {
	l := newLogged(t.TempDir())
	if _, bad := l.createExperiment(&request{Name: "a", ArtifactLocation: "s3://" + strings.Repeat("x", maxLocation)}, ""); bad == nil {
		t.Error("a long place is taken")
	}
	place := "s3://" + strings.Repeat("x", maxLocation-len("s3://"))
	made, bad := l.createExperiment(&request{Name: "b", ArtifactLocation: place}, "")
	if bad != nil {
		t.Fatal(bad.message)
	}
	before := l.kept
	if _, bad := l.createRun(&request{ExperimentID: made.(map[string]string)["experiment_id"]}, ""); bad != nil || l.kept < before+len(place) {
		t.Errorf("%v, a run counts for %d bytes", bad, l.kept-before)
	}
}
