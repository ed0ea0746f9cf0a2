package sweep

import (
	"fmt"
	"path/filepath"
)

// trialPath reads the path of what trials write: below the folder where they start, or in an image any. Kind is what it
// is: folder, file.
func (d *decoder) trialPath(n *node, field, kind, remedy string) string {
	if n.kind != scalar {
		d.fail(n, field, "a "+kind+" is needed, not "+n.what(), remedy)
		return ""
	}
	path := d.text(n, field)
	start := filepath.Clean(path) == "." // which is no file
	switch {
	case start && kind == "folder" || filepath.IsLocal(path) && !start:
	case filepath.IsAbs(path) && d.inImage:
	case filepath.IsAbs(path):
		d.fail(n, field, fmt.Sprintf("`%s` may be the %s of several trials", short(path), kind),
			remedy+"; other paths are for trials in images")
	default:
		d.fail(n, field, fmt.Sprintf("`%s` is no %s below the folder where trials start", short(path), kind), remedy)
	}
	return filepath.ToSlash(filepath.Clean(path))
}
