package sweep

// noWandb reads task.wandb, and tells whether programs that log to W&B are left alone.
func (d *decoder) noWandb(n *node) bool {
	off, known := n.switchedOff()
	if !known {
		d.fail(n, "task.wandb", "want auto or off, not "+n.what(),
			"leave it out, and programs that log to W&B run without an account and report to kaon; to log to "+
				"W&B's servers write "+
				"`env: {WANDB_MODE: online}` below task")
	}
	return off
}
