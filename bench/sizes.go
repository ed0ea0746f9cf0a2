package bench

import (
	"runtime"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
)

// Point is the cost of one pass at one size.
type Point struct {
	Series  string  `json:"series"`
	Trials  int     `json:"trials"`
	Agents  int     `json:"agents"`
	Placed  int     `json:"placed"`
	Seconds float64 `json:"seconds"`
}

// The series of Sizes.
const (
	seriesMixed   = "kaon, mixed trials"
	seriesEqual   = "kaon, equal trials"
	seriesBestFit = "best fit by full scan, mixed"
)

// besideUpTo is the largest size at which Sizes runs the best fit by full scan, which grows with the square.
const besideUpTo = 30000

// Sizes measures one pass from 1,000 trials up to most, on agents of 32 cpus and 128 GB, one to six trials, so that all
// trials fit and the load is the same at every size.
func Sizes(most, runs int) ([]Point, error) {
	mixed, err := Mixed()
	if err != nil {
		return nil, err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var list []Point
	for n := 1000; n <= most; n = nextSize(n) {
		machines := Machines(max(1, n/6), 32000, 131072000)
		trials := make([]Trial, n)
		for i := range trials {
			trials[i] = mixed[i%len(mixed)]
		}
		list = append(list,
			measure(seriesMixed, machines, Demands(trials), n, runs),
			measure(seriesEqual, machines, Demands(Equal(n, 1000, 2048000)), n, runs))
		if n <= besideUpTo {
			b := bestFitOnce(Case{Machines: machines, Trials: trials})
			list = append(list, Point{seriesBestFit, n, len(machines), b.Placed, b.Seconds})
		}
	}
	return list, nil
}

// nextSize walks 1, 3, 10, 30, …
func nextSize(n int) int {
	for power := 1; ; power *= 10 {
		if n == power {
			return 3 * n
		}
		if n == 3*power {
			return 10 * power
		}
	}
}

func measure(series string, machines []Machine, demands []offers.Demand, trials, runs int) Point {
	list := Offers(machines)
	var times []float64
	placed := 0
	for range max(runs, 1) {
		x := offers.NewIndex()
		x.Add(list...)
		runtime.GC()
		from := time.Now()
		plan := x.Pack(epoch, demands, offers.Options{})
		times = append(times, time.Since(from).Seconds())
		placed = plan.Placed()
	}
	slices.Sort(times)
	return Point{series, trials, len(machines), placed, times[len(times)/2]}
}
