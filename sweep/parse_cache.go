package sweep

// cache reads whether results of the same work stand for trials.
func (d *decoder) cache(n *node) {
	if n != nil && !n.null {
		d.spec.Cache = d.boolean(n, "cache", "write `cache: true`")
	}
}
