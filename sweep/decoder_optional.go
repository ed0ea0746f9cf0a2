package sweep

import "math"

// count is an integer of at least 1; without the key the default.
func (d *decoder) count(n *node, field, key string, without int64) int64 {
	v := n.get(key)
	if v == nil || v.null {
		return without
	}
	return d.integer(v, join(field, key), 1, math.MaxInt32)
}

// optional is a finite number; nil: there is none, or another value, which was reported.
func (d *decoder) optional(n *node, field, key string) *float64 {
	x := n.get(key)
	if x == nil || x.null {
		return nil
	}
	if v, ok := d.float(x, join(field, key)); ok {
		return &v
	}
	return nil
}

// boolean is true or false; false when it is neither, which was reported with the remedy.
func (d *decoder) boolean(n *node, field, remedy string) bool {
	v, ok := d.scalar(n, field, "true or false")
	on, isBool := v.(bool)
	if ok && !isBool {
		d.fail(n, field, "want true or false, not "+n.what(), remedy)
	}
	return on
}

// switchedOff reads a word for what kaon decides by itself (auto) unless it is switched off; not known: it is another.
func (n *node) switchedOff() (off, known bool) {
	if n == nil || n.null {
		return false, true
	}
	if n.kind == scalar {
		switch n.text {
		case "auto", "true", "on", "yes":
			return false, true
		case "off", "false", "no":
			return true, true
		}
	}
	return false, false
}
