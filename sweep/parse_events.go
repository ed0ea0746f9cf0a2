package sweep

import (
	"fmt"
	"path/filepath"
)

// NoEvents stands for no folder of TensorBoard's event files.
const NoEvents = "off"

// events reads task.tensorboard: the folder in which trials write TensorBoard's event files.
func (d *decoder) events(n *node) string {
	off, known := n.switchedOff()
	if known {
		if off {
			return NoEvents
		}
		return ""
	}
	const remedy = "name a folder below the one where trials start, as in `tensorboard: runs`, or off"
	if n.kind != scalar {
		d.fail(n, "task.tensorboard", "a folder is needed, not "+n.what(), remedy)
		return ""
	}
	folder := d.text(n, "task.tensorboard")
	switch {
	case folder == "" || filepath.IsLocal(folder):
	case filepath.IsAbs(folder) && d.inImage:
	case filepath.IsAbs(folder):
		d.fail(n, "task.tensorboard", fmt.Sprintf("`%s` may have files of several trials", short(folder)),
			remedy+"; other paths are for trials in images")
	default:
		d.fail(n, "task.tensorboard", fmt.Sprintf("`%s` is not below the folder where trials start", short(folder)), remedy)
	}
	return filepath.ToSlash(filepath.Clean(folder))
}
