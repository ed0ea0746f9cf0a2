package scheduler

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// aheadOfRace plays a sweep whose trials are taken before they can start: of several shapes, or looked at for what their work has
// left. Few run at a time. A restart, or a stop and an extension, comes behind so many turns.
func aheadOfRace(t *testing.T, s testSpec, disturb string, at int) (c *Core, launched int) {
	t.Helper()
	racingSpec := func(s *sweep.Spec) *sweep.Spec {
		s.Repeat, s.Cache = sweep.Repeat{Trials: 3, Rank: sweep.RankMean, Racing: true}, true
		return s
	}
	cfg, _ := remembering(t, s, func(int) bool { return false })
	parse := cfg.Parse
	cfg.Parse = func(e journal.SweepEntry) (*sweep.Spec, error) {
		spec, err := parse(e)
		return racingSpec(spec), err
	}
	c = NewCore(cfg)
	c.Do(t0, Submit{ID: "s", Spec: racingSpec(s.spec())})
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	var all []journal.Entry
	var running []cluster.TaskInfo
	for turn := 0; turn < 300; turn++ {
		if turn == at {
			switch disturb {
			case "restart":
				var lost []cluster.Event
				for _, info := range running {
					lost = append(lost, ended(info.ID, cluster.Failed, 1))
				}
				running, all = nil, append(all, c.Turn(t0, lost...).Journal...)
				fresh := cfg
				fresh.Packer = testConfig().Packer
				again, err := Restore(t0, fresh, kept(all))
				if err != nil {
					t.Fatal(err)
				}
				c = again
				c.Ready()
				c.Step(t0, cluster.Subscribed{Framework: "f"})
			case "extend":
				c.Do(t0, Stop{Sweep: "s"})
			}
		}
		var events []cluster.Event
		for _, info := range running {
			o, err := task.Decode[task.Order](info.Data)
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, reportedEnd(info, float64(o.Trial/3%7)+float64(o.Trial%3)/10))
		}
		all = append(all, c.Turn(t0, events...).Journal...)
		running = nil
		if c.runs["s"].entry.Phase.Ended() {
			if disturb != "extend" || turn < at {
				return c, launched
			}
			c.Do(t0, Extend{Sweep: "s", Spec: racingSpec(s.spec())})
			disturb = ""
		}
		tasks, r := turnOf(c, oneOffer(fmt.Sprint("o", turn), 2*resource.Unit))
		all = append(all, r.Journal...)
		launched += len(tasks)
		running = tasks
	}
	t.Fatalf("%s after %d: it does not end: %+v, %v", disturb, at, c.runs["s"].Counts(), c.runs["s"].entry.Phase)
	return nil, 0
}

// Trials whose turn has come and that have not begun are as those whose turn has not: they need not run where their point has lost,
// and are launched in the end where it has not, whatever comes between.
func TestRaceOfTrialsThatAreTakenAhead(t *testing.T) {
	for name, s := range map[string]testSpec{
		"uniform": {Trials: 30, Objective: "loss"},
		"sized":   {Trials: 30, Objective: "loss", Sizes: []resource.Milli{resource.Unit, resource.Unit / 2}},
	} {
		c, launched := aheadOfRace(t, s, "", 0)
		n := c.runs["s"].Counts()
		if n.Stopped < 8 || n.Stopped+n.Succeeded != 30 || launched != n.Succeeded {
			t.Errorf("%s: %+v, %d launched", name, n, launched)
		}
		for _, disturb := range []string{"restart", "extend"} {
			for at := range 10 {
				c, _ := aheadOfRace(t, s, disturb, at)
				if n := c.runs["s"].Counts(); n.Succeeded < 3 || n.Waiting+n.Launched+n.Running > 0 {
					t.Errorf("%s, %s after %d: %+v", name, disturb, at, n)
				}
			}
		}
	}
}

// Of points that lose their race the other repeats end without a launch, with the reason on record; a scheduler that is killed at any
// time goes on as it would have.
func TestRepeatsOfLosersDoNotRun(t *testing.T) {
	for name, sizes := range map[string][]resource.Milli{"uniform": nil, "sized": {resource.Unit, resource.Unit / 2}} {
		racingSpec := func(s *sweep.Spec) *sweep.Spec {
			s.Repeat = sweep.Repeat{Trials: 3, Rank: sweep.RankMean, Racing: true}
			return s
		}
		cfg := testConfig()
		parse := cfg.Parse
		cfg.Parse = func(e journal.SweepEntry) (*sweep.Spec, error) {
			s, err := parse(e)
			return racingSpec(s), err
		}
		spec := testSpec{Trials: 30, Objective: "loss", Sizes: sizes, Limits: sweep.Limits{Parallel: 1}}
		play := func(kill int) (launched []int, c *Core, all []journal.Entry) {
			fresh := cfg
			fresh.Packer = testConfig().Packer
			c = NewCore(fresh)
			c.Do(t0, Submit{ID: "s", Spec: racingSpec(spec.spec())})
			c.Step(t0, cluster.Subscribed{Framework: "f"})
			for turn := 0; turn < 200 && !c.runs["s"].entry.Phase.Ended(); turn++ {
				tasks, r := turnOf(c, oneOffer(fmt.Sprint("o", turn), 4*resource.Unit))
				all = append(all, r.Journal...)
				for _, info := range tasks {
					o, err := task.Decode[task.Order](info.Data)
					if err != nil {
						t.Fatal(err)
					}
					launched = append(launched, o.Trial)
					end := reportedEnd(info, float64(o.Trial/3%7)+float64(o.Trial%3)/10)
					all = append(all, c.Turn(t0, end).Journal...)
				}
				if turn == kill {
					fresh.Packer = testConfig().Packer
					again, err := Restore(t0, fresh, kept(all))
					if err != nil {
						t.Fatal(err)
					}
					c = again
					c.Ready()
					c.Step(t0, cluster.Subscribed{Framework: "f"})
				}
			}
			return launched, c, all
		}
		want, c, all := play(-1)
		n := c.runs["s"].Counts()
		if n.Stopped < 10 || n.Succeeded+n.Stopped != 30 || len(want) != n.Succeeded || c.runs["s"].entry.Phase != sweep.PhaseSucceeded {
			t.Fatalf("%s: %+v, %d launched", name, n, len(want))
		}
		if early := c.runs["s"].endedEarly(); early[sweep.Racing] != n.Stopped {
			t.Errorf("%s: %v", name, early)
		}
		said := 0
		for _, e := range all {
			if r, ok := e.(journal.RecordEntry); ok && r.Record.End != nil && r.Record.End.Stop != nil {
				if said++; r.Record.End.Stop.Rule != sweep.Racing || !strings.HasPrefix(r.Record.End.Reason, "racing: loss of point ") {
					t.Errorf("%s: %+v", name, r.Record.End)
				}
			}
		}
		if said != n.Stopped {
			t.Errorf("%s: %d reasons on record", name, said)
		}
		for kill := range len(want) {
			got, c, _ := play(kill)
			if fmt.Sprint(got) != fmt.Sprint(want) || c.runs["s"].Counts() != n || c.runs["s"].endedEarly()[sweep.Racing] != n.Stopped {
				t.Fatalf("%s: killed after %d\n%v, %+v\nundisturbed\n%v, %+v", name, kill, got, c.runs["s"].Counts(), want, n)
			}
		}
	}
}

// A trial whose point a search was asked for before a restart, and that did not begin, has one turn, so that a bundle has it once.
func TestRestartedRaceHasATrialOnce(t *testing.T) {
	spec, err := sweep.Parse("race.yaml", []byte(`
method: tpe
run_cap: 12
metric: {name: loss}
parameters: {x: {min: 0.0, max: 1.0}, k: {values: [1, 1]}}
repeat: {trials: 3, racing: true}
command: [train]
task: {resources: {cpus: "k", memory: 10MB}}
`))
	if err != nil {
		t.Fatal(err)
	}
	cfg := testConfig()
	cfg.Search, cfg.Parse = search.New, func(journal.SweepEntry) (*sweep.Spec, error) { return spec, nil }
	c := NewCore(cfg)
	c.Do(t0, Submit{ID: "s", Spec: spec})
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	all := c.Turn(t0, oneOffer("o", resource.Unit/2)).Journal // too small for any
	cfg.Packer = testConfig().Packer
	again, err := Restore(t0, cfg, kept(all))
	if err != nil {
		t.Fatal(err)
	}
	again.Ready()
	again.Step(t0, cluster.Subscribed{Framework: "f"})
	again.Turn(t0)
	q := again.runs["s"].queue
	groups, _, bad := q.Groups(100)
	if bad != nil {
		t.Fatal(bad.Err)
	}
	seen := map[int]bool{}
	for i := range groups {
		for trial, ok := q.Pop(&groups[i]); ok; trial, ok = q.Pop(&groups[i]) {
			if seen[trial] {
				t.Errorf("trial %d has two turns", trial)
			}
			seen[trial] = true
		}
	}
	if len(seen) != 12 {
		t.Errorf("%d trials have a turn", len(seen))
	}
}

// A trial that a user retries counts for its point as if it had not ended: others are not dropped for it.
func TestRetriedTrialOfARace(t *testing.T) {
	spec := testSpec{Trials: 6, Objective: "loss"}.spec()
	spec.Repeat = sweep.Repeat{Trials: 3, Rank: sweep.RankMean, Racing: true}
	c := NewCore(testConfig())
	c.Do(t0, Submit{ID: "s", Spec: spec})
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	running := map[int]cluster.TaskInfo{}
	offers := 0
	launch := func() {
		offers++
		tasks, _ := turnOf(c, oneOffer(fmt.Sprint("o", offers), 2*resource.Unit-1))
		for _, info := range tasks {
			_, trial, _, _ := info.ID.Parse()
			running[trial] = info
		}
	}
	launch()
	launch()
	c.Turn(t0, ended(running[0].ID, cluster.Failed, 1), reportedEnd(running[3], 1))
	c.Do(t0, Retry{Sweep: "s"})
	for c.runs["s"].state(1) == sweep.Waiting && offers < 6 {
		launch()
	}
	c.Turn(t0, ended(running[1].ID, cluster.Failed, 1))
	if c.runs["s"].state(0) != sweep.Launched || c.runs["s"].state(1) != sweep.Failed || c.runs["s"].state(2) == sweep.Stopped {
		t.Errorf("trials 0 to 2 are %v, %v, %v", c.runs["s"].state(0), c.runs["s"].state(1), c.runs["s"].state(2))
	}
}
