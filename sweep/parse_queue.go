package sweep

// queue reads where a sweep waits for its share of a server's cluster, and how urgent it is there.
func (d *decoder) queue(root *node) {
	if n := root.get("queue"); n != nil && !n.null {
		name := d.text(n, "queue")
		if err := CheckQueue(name); err != nil && n.kind == scalar {
			d.fail(n, "queue", err.Error(), "write it as in `queue: eng/ml`, or leave it out for the queue `"+
				DefaultQueue+"`")
		}
		d.spec.Queue = name
	}
	if n := root.get("priority"); n != nil && !n.null {
		d.spec.Priority = int(d.integer(n, "priority", LeastPriority, MostPriority))
	}
}
