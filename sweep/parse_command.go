package sweep

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/shell"
)

// command reads `command` and `program` of the spec or of its `then` step.
func (d *decoder) command(n *node, prefix string) Command {
	c := Command{long: d.options.accepted}
	if p := n.get("program"); p != nil && !p.null {
		c.Program = d.text(p, join(prefix, "program"))
	}
	at := n.get("command")
	field := join(prefix, "command")
	if words := strings.Fields(c.Program); len(words) > 1 {
		if shell.Interprets(words[0]) {
			d.fail(n.get("program"), join(prefix, "program"),
				fmt.Sprintf("`%s` is a command, and `program` names a file", short(c.Program)),
				fmt.Sprintf("write `command: [%s, \"${args}\"]`", strings.Join(words, ", ")))
		}
	}
	switch {
	case at == nil || at.null:
		if c.Program == "" && prefix == "" && n.hasImage() {
			c.Argv = imageArgv
			return c
		}
		if c.Program == "" {
			if prefix == "" && (d.misspelt(n, "program", "command") || d.misplaced["program"] ||
				d.misplaced["command"]) {
				return c
			}
			d.fail(n, field, "there is nothing to run", nothingToRun)
			return c
		}
		c.Argv = defaultArgv
	default:
		if d.commandLine(&c, at, field); d.commandTooLong(c, at, field) {
			return c
		}
	}
	d.checkMacros(c, at, n, field)
	return c
}

// nothingToRun is the remedy of a spec without a command. W&B's sweeps for wandb.agent(function=…) have none.
const nothingToRun = "add `program: train.py`, a script that takes the parameters as flags, or `command: " +
	"[\"./train\", \"${args}\"]`; " +
	"of a sweep for wandb.agent(…, function=train) it is the script that calls wandb.agent, which runs train() " +
	"once a trial"

// hasImage says whether trials run in an image.
func (n *node) hasImage() bool {
	task := n.get("task")
	if task == nil || task.kind != mapping {
		return false
	}
	image := task.get("image")
	return image != nil && !image.null
}

// commandLine reads a list, executed as it is, or a string, run by sh -c.
func (d *decoder) commandLine(c *Command, n *node, field string) {
	if n.kind == scalar {
		c.Shell = d.text(n, field)
		if strings.TrimSpace(c.Shell) == "" {
			d.fail(n, field, "the command is empty", "write what a trial runs")
		}
		return
	}
	items := d.list(n, field, `command: ["./train", "${args}"]`)
	if n.kind == list && len(items) == 0 {
		d.fail(n, field, "the command is empty", "write what a trial runs")
	}
	if len(items) > 0 && items[0].kind == scalar && !items[0].null && strings.TrimSpace(items[0].text) == "" {
		d.fail(items[0], field+".0", "the program's name is empty", "write what a trial runs")
	}
	for i, item := range items {
		c.Argv = append(c.Argv, d.literal(item, fmt.Sprintf("%s.%d", field, i)))
	}
}

// commandTooLong refuses words that no program could be given before anything looks at what they say.
func (d *decoder) commandTooLong(c Command, n *node, field string) bool {
	all := len(c.Shell)
	if all > MaxWord {
		d.wordTooLong(all, n, field)
		return true
	}
	for i, w := range c.Argv {
		if len(w) > MaxWord {
			d.wordTooLong(len(w), n.items[i], fmt.Sprintf("%s.%d", field, i))
			return true
		}
		if all += len(w) + 1; all > MaxWords {
			problem := fmt.Sprintf("the words have more than %d bytes together", MaxWords)
			d.fail(n.items[i], field, problem, argsFileRemedy)
			return true
		}
	}
	return false
}

func (d *decoder) wordTooLong(size int, n *node, field string) {
	d.fail(n, field, fmt.Sprintf("one word has %d bytes; a program can be given %d", size, MaxWord),
		"write it into a file that the program reads: "+argsFileRemedy)
}

// literal is one word of a list.
func (d *decoder) literal(n *node, field string) string {
	if n.kind != scalar {
		return d.text(n, field)
	}
	text, err := literal(n)
	if err != nil {
		d.fail(n, field, err.Error(), scalarRemedy(err))
	}
	return text
}
