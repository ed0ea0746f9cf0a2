package sweep

import "strconv"

// Bundle is how many trials one task of the cluster runs, one after the other: 0, the scheduler finds out; else so
// many at most.
type Bundle int

// AutoBundle lets the scheduler find out how many trials a task is to run; NoBundle is a task for each trial.
const (
	AutoBundle Bundle = 0
	NoBundle   Bundle = 1
)

// Most is how many trials a task runs at most; 0: the scheduler finds out.
func (b Bundle) Most() int { return int(b) }

// String is b as a spec has it.
func (b Bundle) String() string {
	switch b {
	case AutoBundle:
		return "auto"
	case NoBundle:
		return "off"
	}
	return strconv.Itoa(int(b))
}
