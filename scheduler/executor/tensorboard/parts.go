package tensorboard

import (
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/tfevents"
)

// parts are names of folders that tell apart what has one tag, as Keras's callback does.
var parts = map[string]bool{"train": true, "validation": true, "valid": true, "val": true, "test": true, "eval": true}

// training is the part that a model has seen: how well it does there does not say how well it does.
const training = "train"

// maxWaiting is how many points of training may wait, of 40 bytes: so many steps may go by before the first validation.
const maxWaiting = 10_000

// split is a folder with parts of the data below it. A sweep about a tag that training and a held-out part share is
// about the held-out one, so training's is train/TAG then; a tag of training alone keeps its name. Which it is shows
// when the held-out part has written: its points come in rounds, of which each has all its tags. So a point of training
// waits until the held-out part shows its tag, or begins its second round without it: until the first of its tags comes
// again, and others came between. One that waits too long is named as if it were shared, since a trial that is ranked
// by how well it knows its training data is worse than one that never reported. Steps of training and of the held-out
// part are not compared: Keras counts epochs for some tags and iterations for others.
type split struct {
	heldOut bool              // there is a held-out part
	shown   map[string]bool   // watched tags that it has
	rounds  map[string]*round // the first of each held-out part that has written, by its name
	known   bool              // it has no other watched tags, as far as can be known
	late    bool              // points waited too long: all watched tags count as shared
}

// round is what a held-out part began with, and whether other tags have come since.
type round struct {
	tag    string
	step   int64
	others bool
}

// point is one of training that waits.
type point struct {
	of    *split
	tag   string
	step  int64
	value float64
}

// splitOf is what the files of a folder are a part of; nil: of nothing.
func (f *Follower) splitOf(folder string) *split {
	above := path.Dir(folder)
	if parts[path.Base(folder)] && f.splits[above] == nil {
		f.splits[above] = &split{shown: map[string]bool{}, rounds: map[string]*round{}}
	}
	if !parts[path.Base(folder)] {
		return nil
	}
	return f.splits[above]
}

// isHeldOut tells whether a file is of a part that was held out of training.
func (one *file) isHeldOut() bool { return one.split != nil && path.Base(one.folder) != training }

// join has training know of a held-out part beside it.
func (one *file) join() {
	if one.isHeldOut() {
		one.split.heldOut = true
	}
}

// take emits what an event says, and what waited for it.
func (f *Follower) take(one *file, e tfevents.Event) {
	if one.isHeldOut() && f.learn(one, e) {
		f.release()
	}
	if line := f.line(one, e); line != nil {
		f.Emit(line)
	}
	if len(f.waiting) > maxWaiting {
		for _, p := range f.waiting {
			p.of.late = true
		}
		f.release()
	}
}

// learn notes what tags a held-out part has, and tells whether that may name points that wait.
func (f *Follower) learn(one *file, e tfevents.Event) (more bool) {
	s, part := one.split, path.Base(one.folder)
	for _, scalar := range e.Scalars {
		if slices.Contains(f.Watched, scalar.Tag) && !s.shown[scalar.Tag] {
			s.shown[scalar.Tag], more = true, true
		}
		switch first := s.rounds[part]; {
		case first == nil:
			s.rounds[part] = &round{tag: scalar.Tag, step: e.Step}
		case first.tag != scalar.Tag:
			first.others = true
		case first.others && first.step != e.Step && !s.known:
			s.known, more = true, true
		}
	}
	return more
}

// release emits the points that wait whose names are known now, in their order.
func (f *Follower) release() {
	rest := f.waiting[:0]
	for _, p := range f.waiting {
		if !p.of.decided(p.tag) {
			rest = append(rest, p)
			continue
		}
		f.Emit(append(appendPoint(begin(p.step), p.of.name(p.tag), p.value), '}'))
	}
	f.waiting = rest
}

// Flush emits what was read and waits for being named. It is to be called after the last Poll.
func (f *Follower) Flush() {
	for _, p := range f.waiting {
		if len(p.of.rounds) > 0 {
			p.of.known = true
		} else {
			p.of.late = true // no held-out part ever wrote
		}
	}
	f.release()
}

// name is that of a watched tag of training, once it is known.
func (s *split) name(tag string) string {
	if s.shown[tag] || s.late {
		return training + "/" + tag
	}
	return tag
}

// decided tells whether the name of a watched tag of training is known.
func (s *split) decided(tag string) bool { return s.known || s.late || s.shown[tag] }

// line is an event as a line of a metrics file, without those points that wait; nil: all do.
func (f *Follower) line(one *file, e tfevents.Event) []byte {
	line, some := begin(e.Step), false
	for _, s := range e.Scalars {
		metric := s.Tag
		at := slices.Index(f.Watched, metric)
		switch beside := one.split != nil && one.split.heldOut && !one.isHeldOut(); {
		case at < 0:
			metric = one.metric(metric)
		case beside && !one.split.decided(metric):
			f.waiting = append(f.waiting, point{one.split, f.Watched[at], e.Step, s.Value})
			continue
		case beside:
			metric = one.split.name(metric)
		}
		line, some = appendPoint(line, metric, s.Value), true
	}
	if !some {
		return nil
	}
	return append(line, '}')
}

// begin is how a line begins, and appendPoint how it goes on.
func begin(step int64) []byte { return strconv.AppendInt([]byte(`{"step": `), step, 10) }

func appendPoint(line []byte, metric string, value float64) []byte {
	name, _ := json.Marshal(metric) // a text
	return results.Number(value).Append(append(append(append(line, ", "...), name...), ": "...))
}

// metric names a tag: by itself; with the folder before it where that is the part of the data (validation/epoch_loss);
// and with the name behind it for which add_scalars made a folder of its own: loss/a of {"loss": {"a": …}}, in
// …/loss/a by tensorboardX and in …/loss_a by PyTorch.
func (one *file) metric(tag string) string {
	run := path.Base(one.folder)
	if parts[run] && !strings.HasPrefix(tag, run+"/") {
		return run + "/" + tag
	}
	if strings.HasSuffix(path.Dir(one.folder), "/"+tag) {
		return tag + "/" + run
	}
	flat := strings.ReplaceAll(tag, "/", "_") + "_"
	if at := strings.LastIndex(run, flat); at >= 0 && len(run) > at+len(flat) {
		return tag + "/" + run[at+len(flat):]
	}
	return tag
}
