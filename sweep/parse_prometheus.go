package sweep

// textFile reads task.prometheus: the file that trials write in Prometheus' text format.
func (d *decoder) textFile(n *node) string {
	if n == nil || n.null {
		return ""
	}
	if off, known := n.switchedOff(); known && off {
		return ""
	}
	return d.trialPath(n, "task.prometheus", "file",
		"name a file below the folder where trials start, as in `prometheus: metrics.prom`")
}
