package sweep

import "fmt"

// otherSpellings are names that other tools have for searches that are built here.
var otherSpellings = map[string]string{"latin": "lhs", "latin_hypercube": "lhs", "qmc": "sobol"}

// SobolDimensions is how many parameters the table of Sobol's sequence serves; those beyond are drawn at
// random.
const SobolDimensions = 1024

// tooManyForSobol warns of parameters that the sequence does not reach.
func (d *decoder) tooManyForSobol(root *node) {
	searched := 0
	for _, l := range d.spec.Space.leaves {
		if l.Distribution != Constant {
			searched++
		}
	}
	if d.spec.Method == "sobol" && searched > SobolDimensions {
		d.warn(root.get("method"), "method",
			fmt.Sprintf("Sobol's sequence has %d dimensions here: the last %d of %d parameters "+
				"are drawn at random", SobolDimensions, searched-SobolDimensions, searched), "")
	}
}

// order reads in which order a grid is walked.
func (d *decoder) order(n *node) {
	if n == nil || n.null {
		return
	}
	word := d.word(n, "order", []string{"sequential", "shuffled"})
	if d.spec.Method != "grid" && d.spec.Method != "" && word != "" {
		d.fail(n, "order", "only a grid has an order", "remove it, or use `method: grid`")
	}
	d.spec.Shuffled = word == "shuffled"
}
