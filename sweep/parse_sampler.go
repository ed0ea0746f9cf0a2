package sweep

import "time"

const (
	samplerTimeout = 30 * time.Second // nothing else of the sweep goes on meanwhile
	samplerBatch   = 1000
)

// sampler reads a method that is a mapping: a program that chooses points.
func (d *decoder) sampler(n *node) {
	d.mapping(n, "method", "method")
	s := &Sampler{Batch: 1, Timeout: samplerTimeout}
	d.spec.Method, d.spec.Sampler = ByCommand, s
	command := n.get("command")
	switch {
	case command == nil:
		d.fail(n, "method.command", "the program that chooses points is missing",
			"write `method: {command: [python3, sampler.py]}`")
		return
	case command.kind == list:
		for _, item := range command.items {
			word := d.text(item, "method.command")
			if word == "" {
				return
			}
			s.Command = append(s.Command, word)
		}
	default:
		if text := d.text(command, "method.command"); text != "" {
			s.Command = []string{"/bin/sh", "-c", text}
		}
	}
	if len(s.Command) == 0 {
		d.fail(command, "method.command", "there is no program in it", "write it as in `[python3, sampler.py]`")
	}
	if b := n.get("batch"); b != nil && !b.null {
		s.Batch = int(d.integer(b, "method.batch", 1, samplerBatch))
	}
	if t := n.get("timeout"); t != nil && !t.null {
		s.Timeout = d.duration(t, "method.timeout")
	}
}
