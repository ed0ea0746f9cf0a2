package sweep

import (
	"fmt"
	"strconv"
)

// maxBundle bounds a bundle: what a lost task loses, and what its order takes in memory of agents and masters.
const maxBundle = 256

// bundle reads task.bundle.
func (d *decoder) bundle(n *node) Bundle {
	if n == nil || n.null {
		return AutoBundle
	}
	if n.kind == scalar {
		switch n.text {
		case "auto", "true", "on", "yes":
			return AutoBundle
		case "off", "false", "no":
			return NoBundle
		}
		if _, err := strconv.ParseFloat(n.text, 64); err == nil {
			return Bundle(d.integer(n, "task.bundle", 1, maxBundle))
		}
	}
	d.fail(n, "task.bundle", fmt.Sprintf("want auto, off, or how many trials one task runs (1 to %d), not %s", maxBundle, n.what()),
		"leave it out, and short trials are bundled by what they took")
	return AutoBundle
}
