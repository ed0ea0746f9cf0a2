package export

import (
	"fmt"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
)

// Formats are the forms there are.
var Formats = []string{"argo", "airflow", "metaflow"}

// Write writes a workflow in one of the formats.
func Write(w *workflow.Workflow, format string) (Export, error) {
	switch format {
	case "argo":
		return argo(w), nil
	case "airflow":
		return airflow(w), nil
	case "metaflow":
		return metaflow(w), nil
	}
	return Export{}, fmt.Errorf("there is no format `%s`: %s", format, sweep.DidYouMean(format, Formats))
}
