package bench

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// Function is a test function of search methods, to be made small.
type Function struct {
	Name       string
	Parameters string  // of a spec
	Least      float64 // its minimum
	Noise      float64 // standard deviation of what is added to a value before it is told
	value      func(p sweep.Point) float64
	// its value after each epoch of a training, the last its own; nil: it has none
	curve func(p sweep.Point) []float64
}

// Functions are the built-in test functions. bench/peers/search.py has the same.
func Functions() []Function {
	hartmann := ranges(6, "0.0", "1.0")
	return []Function{
		{Name: "branin", Parameters: "{x0: {min: -5.0, max: 10.0}, x1: {min: 0.0, max: 15.0}}",
			Least: 0.397887357729739, value: vector(branin)},
		{Name: "hartmann6", Parameters: hartmann, Least: -3.322368011391339, value: vector(hartmann6)},
		{Name: "levy4", Parameters: ranges(4, "-10.0", "10.0"), value: vector(levy)},
		{Name: "rosenbrock4", Parameters: ranges(4, "-5.0", "10.0"), value: vector(rosenbrock)},
		{Name: "ackley5", Parameters: ranges(5, "-10.0", "30.0"), value: vector(ackley)},
		{Name: "levy20", Parameters: ranges(20, "-10.0", "10.0"), value: vector(levy)},
		// their optimum is near a corner, where a search that begins in the middle has a long way
		{Name: "levy20-corner", Parameters: ranges(20, "-1.0", "14.0"), value: vector(levy)},
		{Name: "rosenbrock20-corner", Parameters: ranges(20, "-0.5", "10.0"), value: vector(rosenbrock)},
		{Name: "ackley20-corner", Parameters: ranges(20, "-5.0", "30.0"), value: vector(ackley)},
		{Name: "mixed", Parameters: mixedParameters, value: mixed},
		{Name: "noisy-hartmann6", Parameters: hartmann, Least: -3.322368011391339, Noise: 0.1,
			value: vector(hartmann6)},
		{Name: "noisy-mixed", Parameters: mixedParameters, Noise: 0.05, value: mixed},
		{Name: "integers", Parameters: integerParameters, value: integers},
		{Name: "choices", Parameters: choiceParameters, value: choices},
		digitsFunction(),
	}
}

// ranges is n parameters with the same bounds.
func ranges(n int, low, high string) string {
	text := "{"
	for i := range n {
		if i > 0 {
			text += ", "
		}
		text += "x" + string(rune('a'+i)) + ": {min: " + low + ", max: " + high + "}"
	}
	return text + "}"
}

// vector makes a function of a vector one of a point.
func vector(f func(x []float64) float64) func(sweep.Point) float64 {
	return func(p sweep.Point) float64 {
		x := make([]float64, len(p))
		for i, param := range p {
			x[i] = param.Value.(float64)
		}
		return f(x)
	}
}

func branin(x []float64) float64 {
	a := x[1] - 5.1/(4*math.Pi*math.Pi)*x[0]*x[0] + 5/math.Pi*x[0] - 6
	return a*a + 10*(1-1/(8*math.Pi))*math.Cos(x[0]) + 10
}

func hartmann6(x []float64) float64 {
	alpha := [4]float64{1, 1.2, 3, 3.2}
	a := [4][6]float64{{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8},
		{17, 8, 0.05, 10, 0.1, 14}}
	p := [4][6]float64{{1312, 1696, 5569, 124, 8283, 5886}, {2329, 4135, 8307, 3736, 1004, 9991},
		{2348, 1451, 3522, 2883, 3047, 6650}, {4047, 8828, 8732, 5743, 1091, 381}}
	sum := 0.0
	for i := range alpha {
		inner := 0.0
		for j := range x {
			d := x[j] - p[i][j]*1e-4
			inner += a[i][j] * d * d
		}
		sum -= alpha[i] * math.Exp(-inner)
	}
	return sum
}

func levy(x []float64) float64 {
	w := func(i int) float64 { return 1 + (x[i]-1)/4 }
	last := len(x) - 1
	sum := sq(math.Sin(math.Pi * w(0)))
	for i := range last {
		sum += sq(w(i)-1) * (1 + 10*sq(math.Sin(math.Pi*w(i)+1)))
	}
	return sum + sq(w(last)-1)*(1+sq(math.Sin(2*math.Pi*w(last))))
}

func sq(x float64) float64 { return x * x }

func rosenbrock(x []float64) float64 {
	sum := 0.0
	for i := range len(x) - 1 {
		sum += 100*sq(x[i+1]-x[i]*x[i]) + sq(1-x[i])
	}
	return sum
}

func ackley(x []float64) float64 {
	squares, cosines, n := 0.0, 0.0, float64(len(x))
	for _, v := range x {
		squares += v * v
		cosines += math.Cos(2 * math.Pi * v)
	}
	return -20*math.Exp(-0.2*math.Sqrt(squares/n)) - math.Exp(cosines/n) + 20 + math.E
}

// mixedParameters is what a training has: choices, integers, a learning rate, and parameters of some
// choices only.
const mixedParameters = `{optimizer: {values: [rms, sgd, adam]}, lr: {distribution: log_uniform_values, min: 1e-6, max: 1},
	batch: {values: [16, 32, 64, 128, 256]}, layers: {min: 1, max: 12}, dropout: {min: 0.0, max: 0.9},
	momentum: {min: 0.0, max: 0.999, when: optimizer == "sgd"}, beta: {min: 0.5, max: 0.999, when: optimizer == "adam"},
	activation: {values: [relu, gelu, tanh, silu]}}`

// mixed has its minimum, 0, with sgd: a learning rate that grows with the batch, momentum 0.9.
func mixed(p sweep.Point) float64 {
	number := func(name string) float64 {
		v, _ := p.Lookup(name)
		if i, ok := v.(int64); ok {
			return float64(i)
		}
		f, _ := v.(float64)
		return f
	}
	text := func(name string) string {
		v, _ := p.Lookup(name)
		return v.(string)
	}
	batch := math.Log2(number("batch")) - 6
	sum := sq(math.Log10(number("lr"))+2.5-0.3*batch)/2 + 0.05*sq(batch) + sq(number("layers")-5)/40 +
		2*sq(number("dropout")-0.2)
	sum += map[string]float64{"relu": 0.1, "gelu": 0, "tanh": 0.3, "silu": 0.05}[text("activation")]
	switch text("optimizer") {
	case "sgd":
		return sum + 3*sq(number("momentum")-0.9)
	case "adam":
		return sum + 0.1 + 2*sq(number("beta")-0.95)
	}
	return sum + 0.25
}
