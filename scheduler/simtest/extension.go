package simtest

import (
	"encoding/json"
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// mostAdded bounds by how many trials extensions together make a sweep larger, so that a story stays short.
const mostAdded = 15

// change is what a user sets: more points or fewer, how many at once, another space, another method.
func (s *Story) change(spec *sweep.Spec, arg int) (set []string) {
	most := s.Trials + mostAdded
	more := fmt.Sprintf("run_cap=%d", min(spec.Trials+1+arg%7, most))
	const ways = 6
	if way := arg / 7 % ways; way == 0 {
		return []string{fmt.Sprintf("run_cap=%d", max(spec.Trials-1-arg%7, 1, s.Racing))}
	} else if way == 1 {
		return []string{fmt.Sprintf("limits.parallel=%d", 1+arg%5)}
	} else if s.Learns { // a learner stands around one search
		return []string{more}
	} else if way <= 3 && s.Method == "grid" {
		return []string{more, fmt.Sprintf("parameters.x.values=[1, 2, 3, 5, 8, %d, 21, 34, 55, 100, 101, 102]",
			11+arg%3)}
	} else if way <= 3 {
		return []string{more, fmt.Sprintf("parameters.x.max=0.%d", 2+arg%7)}
	} else if way == 4 && s.Method != "grid" && s.Known == 0 {
		return []string{more, "method=" + []string{"tpe", "random"}[arg%2]}
	}
	return []string{more}
}

// specs reads the specs of a story's sweeps, as `kaon extend` and a restart do.
type specs struct {
	story *Story
	first *sweep.Spec            // of all sweeps, as they are submitted
	read  map[string]*sweep.Spec // by sweep and extensions
}

// with reads the spec of a sweep with what was set.
func (x *specs) with(id string, set []string) (*sweep.Spec, error) {
	spec, err := sweep.Parse("sweep.yaml", x.story.source(), sweep.WithSeed(x.story.Seed%1000), sweep.WithSet(set...))
	if err != nil {
		return nil, err
	}
	return x.story.Sharing.spec(id, spec), nil
}

// of reads the spec of a sweep back from what the journal has of it.
func (x *specs) of(e *journal.SweepEntry) (*sweep.Spec, error) {
	key := fmt.Sprint(e.ID, e.Extensions)
	if known := x.read[key]; known != nil {
		return known, nil
	}
	spec := x.story.Sharing.spec(e.ID, x.first)
	var set []string
	for _, ext := range e.Extensions {
		set = append(set, ext.Overrides...)
		next, err := x.with(e.ID, set)
		if err != nil {
			return nil, err
		}
		if spec, err = spec.Extend(next, ext.From); err != nil {
			return nil, err
		}
	}
	x.read[key] = spec
	return spec, nil
}

// growth is what is durable of how a sweep was extended, and the points that its trials have.
type growth struct {
	spec   *sweep.Spec // as it is now
	times  int         // that it was extended
	learns bool        // its points are where they like
	points map[string]int
	params map[int]string // of the points
	counts struct{ running, ended, elsewhere int }
}

func newGrowth(spec *sweep.Spec, learns bool) *growth {
	return &growth{spec: spec, learns: learns, points: map[string]int{}, params: map[int]string{}}
}

// extend sees that a sweep, which had ended or not, goes on by another spec: nothing that has begun may be affected.
func (g *growth) extend(
	e *journal.SweepEntry, spec *sweep.Spec, ended bool, trials map[int]journal.TrialEntry,
) (broken string) {
	last := e.Extensions[len(e.Extensions)-1]
	for t, x := range trials {
		if x.Attempt > 0 && t >= min(last.From, spec.Trials) {
			broken = fmt.Sprintf("trial %d of %s has begun, and is none of %d, or changes with those from %d on",
				t, e.ID, spec.Trials, last.From)
		}
	}
	if ended {
		g.counts.ended++
	} else {
		g.counts.running++
	}
	if spec.Former != nil {
		g.counts.elsewhere++
	}
	g.times, g.spec = len(e.Extensions), spec
	return broken
}

// told sees that a process hears of an extension.
func (g *growth) told(n *scheduler.SweepExtended) (broken string) {
	if told := len(n.Extensions); g.times < told || g.times == told && g.spec.Trials != n.Spec.Trials {
		return fmt.Sprintf("%s is told to be extended %d times, to %d trials; durable are %d, and %d", n.Sweep, told,
			n.Spec.Trials, g.times, g.spec.Trials)
	}
	return ""
}

// point holds the parameters that a trial had to the space that it is of, to those of the other trials of its point,
// and in a grid to those of other points.
func (g *growth) point(r *results.Record) (broken string) {
	var p struct {
		X float64 `json:"x"`
		K int     `json:"k"`
	}
	params := string(r.End.Params)
	if err := json.Unmarshal(r.End.Params, &p); err != nil {
		return fmt.Sprintf("trial %d of %s has the parameters %s: %v", r.Trial, r.Sweep, params, err)
	}
	if g.learns {
		return ""
	}
	of := g.spec
	for of.Former != nil && r.Trial < of.Former.From {
		of = of.Former.Spec
	}
	point := r.Trial / max(g.spec.Repeat.Trials, 1)
	if had, told := g.params[point]; told && had != params {
		return fmt.Sprintf("point %d of %s is %s, and %s in trial %d", point, r.Sweep, had, params, r.Trial)
	}
	if of.Method == "grid" {
		if _, in := of.Space.Rank(sweep.Point{{Name: "x", Value: int64(p.X)}, {Name: "k", Value: int64(p.K)}}); !in {
			broken = fmt.Sprintf("trial %d of %s has the point %s, which is not in its grid", r.Trial, r.Sweep, params)
		}
		if first, had := g.points[params]; had && first != point {
			broken = fmt.Sprintf("points %d and %d of %s are both %s", first, point, r.Sweep, params)
		}
	} else if most := maxOf(of); p.X < 0 || p.X > most {
		broken = fmt.Sprintf("trial %d of %s has the point %s, x goes from 0 to %v", r.Trial, r.Sweep, params, most)
	}
	g.points[params], g.params[point] = point, params
	return broken
}

// maxOf is where the range of x ends, by the last that was set of it.
func maxOf(spec *sweep.Spec) float64 {
	most := 1.0
	for _, set := range spec.Overrides {
		_, _ = fmt.Sscanf(set, "parameters.x.max=%g", &most)
	}
	return most
}
