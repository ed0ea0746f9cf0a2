package workflow_test

import (
	"fmt"

	"github.com/kaon-sweep/kaon/workflow"
)

// A program puts the graph together that a file writes as an arrow expression.
func ExampleBuild() {
	g, err := workflow.Build(workflow.Sequence(
		workflow.Place("extract"),
		workflow.ForEach(workflow.Place("train"), workflow.Over("region", "parameters.regions")).Parallel(2),
		workflow.Parallel(
			workflow.Place("deploy").If("parameters.live"),
			workflow.Place("tell"),
		),
	), workflow.Link{From: "extract", To: "tell"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g)
	// Output:
	// extract **(region = parameters.regions; parallel = 2) --< (train) >-- [parameters.live] deploy; extract -> tell; train.each -> tell
}
