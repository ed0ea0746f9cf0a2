package embedded_test

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// The two sides of a recording with a custom executor are played by two processes, and what an agent does
// with an executor's call may depend on what the scheduler said before it: an update about a task that is
// forgotten is answered in another way than one about a task whose end is not acknowledged yet. So the
// executor's side waits before each call until the scheduler's side is as far as it was in the recording.

// tellExecutor leaves word, beside file, that the scheduler's side has done everything that was recorded
// before this time.
func tellExecutor(file string, ms int64) {
	if os.WriteFile(file+".new", []byte(strconv.FormatInt(ms, 10)), 0o644) == nil {
		_ = os.Rename(file+".new", file+".told")
	}
}

// schedulerSide is what the executor's side knows of the scheduler's.
type schedulerSide struct {
	file  string  // as in tellExecutor
	lines []*line // the scheduler's recording
	ahead int64   // ms that its times are ahead of the executor's
}

// margin is how well the times of two recordings compare, in ms.
const margin = 20

// await waits until all is done that the scheduler had done or heard when the executor made this call.
func (s schedulerSide) await(l *line) { s.until(l.T + s.ahead - margin) }

// awaitEnd waits until all is done that came before the executor's end, of which this is the last line.
func (s schedulerSide) awaitEnd(last *line) {
	for _, x := range s.lines {
		if strings.Contains(string(x.Event), `"FAILURE"`) && x.T > last.T+s.ahead-margin {
			s.until(x.T)
			return
		}
	}
}

// until waits until all is done that was before a time of the scheduler's recording. It gives up in the end:
// what went wrong then shows in the comparison.
func (s schedulerSide) until(ms int64) {
	last := int64(-1)
	for _, x := range s.lines {
		if (x.Dir == "call" || x.Dir == "event") && x.T < ms {
			last = x.T
		}
	}
	for end := time.Now().Add(testkit.Patience); s.told() <= last && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

func (s schedulerSide) told() int64 {
	b, err := os.ReadFile(s.file + ".told")
	if err != nil {
		return -1
	}
	t, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return -1
	}
	return t
}

// ahead compares the clocks of two recordings by the updates that are in both: none came before it was sent.
func ahead(scheduler, executor []*line) int64 {
	type update struct {
		Update struct {
			Status struct{ UUID string }
		}
	}
	sent := map[string]int64{}
	for _, l := range executor {
		var c update
		if l.Dir == "call" && json.Unmarshal(l.Call, &c) == nil && c.Update.Status.UUID != "" {
			sent[c.Update.Status.UUID] = l.T
		}
	}
	least := int64(math.MaxInt64)
	for _, l := range scheduler {
		var e update
		if l.Dir != "event" || json.Unmarshal(l.Event, &e) != nil {
			continue
		}
		if at, ok := sent[e.Update.Status.UUID]; ok {
			least = min(least, l.T-at)
		}
	}
	return least
}
