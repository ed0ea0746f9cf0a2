package sweep

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
	return d.trialPath(n, "task.tensorboard", "folder",
		"name a folder below the one where trials start, as in `tensorboard: runs`, or off")
}
