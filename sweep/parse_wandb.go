package sweep

// noWandb reads task.wandb, and tells whether programs that log to W&B are left alone.
func (d *decoder) noWandb(n *node) bool {
	if n == nil || n.null {
		return false
	}
	if n.kind == scalar {
		switch n.text {
		case "auto", "true", "on", "yes":
			return false
		case "off", "false", "no":
			return true
		}
	}
	d.fail(n, "task.wandb", "want auto or off, not "+n.what(),
		"leave it out, and programs that log to W&B run without an account and report to kaon; to log to W&B's servers write "+
			"`env: {WANDB_MODE: online}` below task")
	return false
}
