package sweep

import "fmt"

// What `auto` and `bayes` choose: judged by the tables of kaon bench search in bench/README.md, which do not hold every
// case.
const (
	// mostModelled is how many trials a Gaussian process is chosen for. To there it was ahead of the others on nearly
	// all functions; a suggestion takes tens of milliseconds.
	mostModelled = 5000
	// mostScales is how many parameters it is chosen for: it learns a scale for each.
	mostScales = 50
	// With regional or more in flight it searches in trust regions, which CMA-ES leaves behind where the parameters are
	// numbers and at least manyNumbers, and the trials at least populous for each.
	regional, manyNumbers, populous = 20, 15, 25
	// evolving is how many trials for each parameter CMA-ES needs to leave TPE behind.
	evolving = 40
)

// chooseMethod decides what `auto` and `bayes` are, and says why: by how many trials there are, by the number and the
// kinds of parameters, and by how many are in flight at most. choices is a choice without an order; empty: none.
func (d *decoder) chooseMethod(searched int, choices string) {
	s := d.spec
	named, why := s.Method, ""
	numbers := choices == "" && !s.Space.Conditional()
	if searched > mostSearched["cma-es"] {
		numbers = false
	}
	switch p := s.Limits.Parallel; {
	case searched > mostSearched["tpe"]:
		s.Method = "random"
		why = fmt.Sprintf("%d parameters are more than a search learns of", searched)
	case named == "auto" && numbers && p >= regional && searched >= manyNumbers && s.Points() >= populous*searched:
		s.Method = "cma-es"
		why = fmt.Sprintf("%d numeric parameters are many for a Gaussian process with %d in flight", searched, p)
	case s.Points() <= mostModelled && searched <= mostScales:
		s.Method = "gp"
		why = fmt.Sprintf("a Gaussian process makes most of %d trials", s.Points())
		if p >= regional {
			why += fmt.Sprintf(", in trust regions with %d in flight", p)
		}
	case named == "auto" && numbers && searched > 1 && s.Points() >= evolving*searched:
		s.Method = "cma-es"
		why = fmt.Sprintf("%d trials are many for %d numeric parameters", s.Points(), searched)
	case s.Points() > mostModelled:
		s.Method = "tpe"
		why = fmt.Sprintf("%d trials are more than a Gaussian process is quick with", s.Points())
	default:
		s.Method = "tpe"
		why = fmt.Sprintf("%d parameters are more than a Gaussian process learns scales of", searched)
	}
	switch {
	case named != "auto" || s.Method != "tpe":
	case choices != "":
		why += fmt.Sprintf(", and the values of `%s` have no order", short(choices))
	case s.Space.Conditional():
		why += ", and parameters depend on each other"
	case s.Points() < evolving*searched:
		why += fmt.Sprintf(", and %d trials are few for %d parameters", s.Points(), searched)
	}
	s.Chosen = fmt.Sprintf("`%s` chose `%s`: %s", named, s.Method, why)
}
