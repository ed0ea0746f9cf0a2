package sweep

// noMlflow reads task.mlflow, and tells whether programs that log to MLflow are left alone.
func (d *decoder) noMlflow(n *node) bool {
	off, known := n.switchedOff()
	if !known {
		d.fail(n, "task.mlflow", "want auto or off, not "+n.what(),
			"leave it out, and programs that log to MLflow report to kaon; to log to a server of yours write "+
				"`env: {MLFLOW_TRACKING_URI: https://…}` below task")
	}
	return off
}
