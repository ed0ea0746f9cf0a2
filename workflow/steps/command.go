package steps

import "context"

// command runs a program, or a script of the shell, as one task on the cluster.
type command struct{ inTrial }

var commandKey = Key{Name: "command", Kind: "words", Needed: true, Raw: true,
	Text: "a list of words, or a text for sh -c; values in it are quoted"}

func (command) About() Description {
	return Description{Name: "command", Text: "Runs a command as a task on the cluster.", Keys: []Key{
		commandKey,
		{Name: "image", Kind: "text", Text: "a container image to run it in; the host when left out"},
	}}
}

func (command) Run(ctx context.Context, c *Call) (Result, error) {
	image, err := c.text("image")
	if err != nil {
		return Result{}, err
	}
	return c.run(ctx, spec{words: c.Script.Words, shell: c.Script.Shell, values: c.Script.Values, image: image})
}
