package gp

import "math"

// LogEI is the logarithm of the expected improvement below best of a normally distributed value, and its
// derivatives by mean and deviation (Ament, Daulton, Eriksson, Balandat, Bakshy 2023): where the
// improvement itself would be rounded to 0, and its slope with it, the logarithm still shows the way.
func LogEI(best, mean, deviation float64) (value, byMean, byDeviation float64) {
	z := (best - mean) / deviation
	log, slope := logImprovement(z)
	return log + math.Log(deviation), -slope / deviation, (1 - z*slope) / deviation
}

// logRoot2Pi is the logarithm of the root of 2π, by which the normal density is divided.
const logRoot2Pi = 0.918938533204672741780329736405617639861

// logImprovement is log(φ(z) + zΦ(z)) and its derivative.
func logImprovement(z float64) (log, slope float64) {
	switch {
	case z > -1:
		density := math.Exp(-z*z/2 - logRoot2Pi)
		below := math.Erfc(-z/math.Sqrt2) / 2
		return math.Log(density + z*below), below / (density + z*below)
	case z > -25:
		// Mills' ratio m = Φ(z)/φ(z): the sum is φ(z)(1 − |z|m).
		m := math.Exp(z*z/2+logRoot2Pi) * math.Erfc(-z/math.Sqrt2) / 2
		rest := 1 + z*m
		return -z*z/2 - logRoot2Pi + math.Log(rest), m / rest
	}
	// 1 − |z|m is 1/z² − 3/z⁴ + 15/z⁶ … far out.
	q := 1 / (z * z)
	rest := q * (1 - 3*q + 15*q*q)
	m := (1 - rest) / -z
	return -z*z/2 - logRoot2Pi + math.Log(rest), m / rest
}

// LogProbability is the logarithm of Φ(z), and its derivative.
func LogProbability(z float64) (log, slope float64) {
	if z > -25 {
		below := math.Erfc(-z/math.Sqrt2) / 2
		return math.Log(below), math.Exp(-z*z/2-logRoot2Pi) / below
	}
	q := 1 / (z * z)
	m := (1 - q*(1-3*q)) / -z
	return -z*z/2 - logRoot2Pi + math.Log(m), 1 / m
}
