package workflow

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// usualLook is how often files are looked for.
const usualLook = 10 * time.Second

// fileTrigger reads what a trigger looks for. A pattern is absolute: what lies beside a registered workflow never
// changes.
func (r *reading) fileTrigger(out *Trigger, t *sweep.Tree, field string) {
	v := t.Get("file")
	out.File = r.Text(v, field+".file")
	key, object := strings.CutPrefix(out.File, "s3://")
	bucket, key, _ := strings.Cut(key, "/")
	_, err := path.Match(out.File, "")
	switch {
	case err != nil || len(out.File) > 1000:
		r.Fail(v, field+".file", fmt.Sprintf("`%s` is no pattern", clipped(out.File)),
			"write * for any name, ? for a character, [ab] for one of some")
	case object && (bucket == "" || key == "" || strings.ContainsAny(bucket, `*?[\`)):
		r.Fail(v, field+".file", fmt.Sprintf("`%s` names no objects", clipped(out.File)),
			"write s3://bucket/folder/*.csv, or s3://bucket/folder/ for all below it")
	case !object && (!path.IsAbs(out.File) || path.Clean(out.File) != strings.TrimSuffix(out.File, "/") ||
		out.File == "/"):
		r.Fail(v, field+".file", fmt.Sprintf("`%s` is no absolute path: what lies beside a registered workflow "+
			"never changes", clipped(out.File)),
			"write /folder/*.csv, /folder/ for all below it, or s3://bucket/folder/*.csv")
	}
	if v := t.Get("existing"); present(v) {
		out.Existing = r.Boolean(v, field+".existing")
	}
	out.Every = usualLook
	if v := t.Get("every"); present(v) {
		if out.Every = r.Duration(v, field+".every"); out.Every < time.Second {
			r.Fail(v, field+".every", "it is looked once a second at most", "write 1s or more")
		}
	}
}

// sweepStates are those that sweeps end in.
var sweepStates = []string{string(sweep.PhaseSucceeded), string(sweep.PhaseFailed), string(sweep.PhaseStopped)}

// sweepsOf reads behind which sweeps runs begin: a name, or {name, label, state}.
func (r *reading) sweepsOf(t *sweep.Tree, field string) (out Sweeps) {
	out.States = sweepStates[:1]
	name := t
	if t.Mapping {
		r.Keys(t, field, []string{"name", "label", "state"})
		name, field = t.Get("name"), field+".name"
	}
	if present(name) {
		out.Name = r.Text(name, field)
	}
	field = strings.TrimSuffix(field, ".name")
	out.Labels = r.words(t.Get("label"), field+".label", "label: nightly")
	if v := t.Get("state"); present(v) {
		out.States = r.words(v, field+".state", "state: [succeeded, failed]")
		for _, state := range out.States {
			if !slices.Contains(sweepStates, state) {
				r.Fail(v, field+".state", fmt.Sprintf("`%s` is none of %s", clipped(state),
					strings.Join(sweepStates, ", ")), sweep.DidYouMean(state, sweepStates))
			}
		}
	}
	if out.Name == "" && len(out.Labels) == 0 {
		r.Fail(t, field, "neither a name nor a label says of which sweeps",
			"write sweep: nightly, or sweep: {label: nightly, state: [succeeded, failed]}")
	}
	return out
}
