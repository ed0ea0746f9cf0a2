package steps

import "context"

// nested runs a workflow as a step of another.
type nested struct{}

func (nested) About() Description {
	return Description{Name: "workflow", Text: "Runs another workflow file; the outputs of its steps are its " +
		"outputs, by step.", Light: true, Keys: []Key{
		{Name: "file", Kind: "text", Needed: true, Text: "the workflow file"},
		{Name: "parameters", Kind: "mapping", Text: "its parameters"},
	}}
}

func (nested) Run(ctx context.Context, c *Call) (Result, error) {
	file, err := c.text("file")
	if err == nil {
		err = needed("file", file)
	}
	if err != nil {
		return Result{}, err
	}
	given, err := c.mapping("parameters")
	if err != nil {
		return Result{}, err
	}
	return c.Nested(ctx, c.path(file), given)
}

// Hear implements Hearer: the run that the step is takes it as any run does.
func (nested) Hear(ctx context.Context, c *Call, m Sent) error { return c.Ask(ctx, m) }

// Within implements Hearer.
func (nested) Within() Within { return OfStep }
