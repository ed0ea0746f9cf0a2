package sweep

import (
	"fmt"
	"strconv"
)

// maxBundle bounds a bundle: what a lost task loses, and what its order takes in memory of agents and masters.
const maxBundle = 256

// bundle reads task.bundle.
func (d *decoder) bundle(n *node) Bundle {
	switch off, known := n.switchedOff(); {
	case off:
		return NoBundle
	case known:
		return AutoBundle
	}
	if _, err := strconv.ParseFloat(n.text, 64); n.kind == scalar && err == nil {
		return Bundle(d.integer(n, "task.bundle", 1, maxBundle))
	}
	d.fail(n, "task.bundle", fmt.Sprintf("want auto, off, or how many trials one task runs (1 to %d), not %s",
		maxBundle, n.what()),
		"leave it out, and short trials are bundled by what they took")
	return AutoBundle
}
