package steps

import "context"

// docker runs a command in a container.
type docker struct{ inTrial }

func (docker) About() Description {
	return Description{Name: "docker", Text: "Runs a command in a container, as a task on the cluster.", Keys: []Key{
		{Name: "image", Kind: "text", Needed: true, Text: "the container image"},
		commandKey,
	}}
}

func (docker) Run(ctx context.Context, c *Call) (Result, error) {
	image, err := c.text("image")
	if err == nil {
		err = needed("image", image)
	}
	if err != nil {
		return Result{}, err
	}
	return c.run(ctx, spec{words: c.Script.Words, shell: c.Script.Shell, values: c.Script.Values, image: image})
}
