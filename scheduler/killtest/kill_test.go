package killtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// loop says how much is done: little in every test run, all with KAON_KILLLOOP (make killloop TIMES=20).
type loop struct {
	times  int    // rounds of every mode
	seed   uint64 // of the first round; the others follow
	trials int
	kills  int // of each run
}

func settings(t *testing.T) loop {
	l := loop{times: 1, seed: 1, trials: 300, kills: 8}
	if text := os.Getenv("KAON_KILLLOOP"); text != "" {
		l.trials, l.kills = 2000, 40
		number(t, text, &l.times)
	}
	if text := os.Getenv("KAON_KILLLOOP_SEED"); text != "" {
		seed := 0
		number(t, text, &seed)
		l.seed = uint64(seed)
	}
	return l
}

func number(t *testing.T, text string, to *int) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%q: want a number above 0", text)
	}
	*to = n
}

func TestBoardIsTheSameWhoeverDies(t *testing.T) {
	l := settings(t)
	binary := filepath.Join(t.TempDir(), "kaon")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/kaon-sweep/kaon/cmd/kaon").CombinedOutput(); err != nil {
		t.Fatalf("build kaon: %v\n%s", err, out)
	}
	calm := undisturbed(t, binary, l.trials)
	for i := range l.times {
		seed := l.seed + uint64(i)
		t.Run(fmt.Sprintf("one process/seed %d", seed), func(t *testing.T) {
			w := newWorld(t, binary, l.trials, false)
			compare(t, calm, disturbed(t, w, l.kills, seed))
		})
		t.Run(fmt.Sprintf("cluster/seed %d", seed), func(t *testing.T) {
			w := newWorld(t, binary, l.trials, true)
			compare(t, calm, disturbed(t, w, l.kills, seed))
		})
	}
}

// undisturbed is the result that the others must have. A machine that other programs fill takes offers back,
// and a launch that crosses with that is lost before it starts: then the run says nothing, and is made again.
func undisturbed(t *testing.T, binary string, trials int) outcome {
	var o outcome
	for range 3 {
		w := newWorld(t, binary, trials, false)
		w.begin()
		w.finish()
		o = w.outcome()
		if !slices.ContainsFunc(o.reasons, func(s string) bool { return strings.Contains(s, "REASON_INVALID_OFFERS") }) {
			break
		}
	}
	if o.lost > 0 || o.summary.Trials.Succeeded == 0 || o.summary.Trials.Failed == 0 {
		t.Fatalf("the undisturbed run should have successes and failures and no losses: %d lost %q, %+v", o.lost, o.reasons, o.summary.Trials)
	}
	return o
}

// longestPeace is the longest time between two kills: a few starts of the scheduler fit, and so does a
// restart that is itself cut short.
const longestPeace = 1200 * time.Millisecond

// disturbed runs the sweep to its end with kills on the way.
func disturbed(t *testing.T, w *world, kills int, seed uint64) outcome {
	rng := rand.New(rand.NewPCG(seed, 0))
	w.begin()
	n := 0
	for ; n < kills && !w.ended(time.Duration(rng.Int64N(int64(longestPeace)))); n++ {
		w.strike(rng)
	}
	w.finish()
	before := w.board()
	if w.resume(); !w.ended(patience) { // a no-op
		t.Fatalf("resuming the finished sweep does not end\n%s", w.log())
	}
	w.succeeded()
	if after := w.board(); string(before) != string(after) {
		t.Errorf("resuming the finished sweep changed the board:\n%s\n%s", before, after)
	}
	w.alone()
	o := w.outcome()
	t.Logf("%d kills (%v), %d attempts lost by them, %d trials ended", n, w.struck, o.lost, o.summary.Trials.Ended())
	return o
}
