package mlflow

import (
	"encoding/binary"
	"encoding/json"
	"hash/maphash"
	"math"
	"strconv"

	"github.com/kaon-sweep/kaon/results"
)

// Bounds of a line, within those of a metrics file's.
const (
	maxLine    = 32 << 10
	maxInLine  = 512
	maxKey     = 250 // bytes of a metric's name, as MLflow has it
	maxSeen    = 4096
	maxMetrics = 10_000 // of a run
)

// value is one value of a metric, as MLflow tells it.
type value struct {
	Key   string `json:"key"`
	Value float  `json:"value"`
	Time  int64  `json:"timestamp"`
	Step  int64  `json:"step"`
}

// float is written as protocol buffers write it.
type float float64

// MarshalJSON implements json.Marshaler.
func (f float) MarshalJSON() ([]byte, error) {
	switch x := float64(f); {
	case math.IsNaN(x):
		return []byte(`"NaN"`), nil
	case math.IsInf(x, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(x, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(x)
	}
}

// series is a metric of a run.
type series struct {
	values  []value
	count   int64 // of all, also of those that were dropped
	best    value // of the highest step: what MLflow calls the latest
	stepped bool  // it has had another step than 0
}

func (s *series) last() value { return s.best }

// add takes a value in.
func (s *series) add(v value) {
	if s.count == 0 || v.Step > s.best.Step || v.Step == s.best.Step && v.Time >= s.best.Time {
		s.best = v
	}
	s.count++
	s.values = append(s.values, v)
}

// step is the step of a point. A program that gives none has MLflow's client say 0 every time; then values are counted.
func (s *series) step(v value) int64 {
	if v.Step != 0 {
		s.stepped = true
	}
	if s.stepped {
		return v.Step
	}
	return s.count
}

// recent knows what was logged lately. MLflow's clients ask again when they did not get an answer, and its own server
// keeps one of two values that are the same with name, step and time.
type recent struct {
	seed maphash.Seed
	at   map[uint64]bool
	ring []uint64
	next int
}

// again tells whether a value was logged before.
func (s *recent) again(run string, v value) bool {
	if s.at == nil {
		s.seed, s.at = maphash.MakeSeed(), make(map[uint64]bool)
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	_, _ = h.WriteString(run)
	_, _ = h.WriteString(v.Key)
	var numbers [24]byte
	binary.LittleEndian.PutUint64(numbers[:], math.Float64bits(float64(v.Value)))
	binary.LittleEndian.PutUint64(numbers[8:], uint64(v.Time))
	binary.LittleEndian.PutUint64(numbers[16:], uint64(v.Step))
	_, _ = h.Write(numbers[:])
	sum := h.Sum64()
	if s.at[sum] {
		return true
	}
	if len(s.ring) < maxSeen {
		s.ring = append(s.ring, sum)
	} else {
		delete(s.at, s.ring[s.next])
		s.ring[s.next], s.next = sum, (s.next+1)%maxSeen
	}
	s.at[sum] = true
	return false
}

func check(all []metricGiven) *problem {
	for _, m := range all {
		if m.Key == "" || len(m.Key) > maxKey {
			return invalid("a metric's name has 1 to %d bytes, unlike %q", maxKey, clip(m.Key))
		}
		if _, bad := number(m.Value); bad != nil {
			return bad
		}
	}
	return nil
}

// reserved are names that a line of metrics uses otherwise.
var reserved = map[string]bool{"step": true, "_step": true, "timestamp": true, "_timestamp": true}

// line is a line of metrics in the making.
type line struct {
	text  []byte
	step  int64
	names int
	had   map[string]bool
}

func (l *line) has(name string) bool { return l.had[name] }

func (l *line) add(step int64, name string, x float64) {
	if l.names == 0 {
		l.step, l.had = step, make(map[string]bool)
		l.text = strconv.AppendInt([]byte(`{"_step": `), step, 10)
	}
	l.names++
	l.had[name] = true
	quoted, _ := json.Marshal(name) // texts can be written
	l.text = append(append(l.text, ", "...), quoted...)
	l.text = results.Number(x).Append(append(l.text, ": "...))
}
