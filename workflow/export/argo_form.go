package export

import "github.com/kaon-sweep/kaon/workflow"

// manifest writes a Workflow of Argo: a DAG template for each graph, a container template for each step. A step gets
// what it refers to as inputs, which the DAG that it stands in fills in, from its tasks or from inputs of its own.
type manifest struct {
	leaving
	w         *workflow.Workflow
	names     map[string]string
	templates []template
}

type pairs = map[string]any

type template struct {
	Name     string         `json:"name"`
	Inputs   *parameterList `json:"inputs,omitempty"`
	DAG      *dag           `json:"dag,omitempty"`
	Box      *container     `json:"container,omitempty"`
	Outputs  *parameterList `json:"outputs,omitempty"`
	Retry    pairs          `json:"retryStrategy,omitempty"`
	Deadline string         `json:"activeDeadlineSeconds,omitempty"` // as Argo's schema has it
	Parallel int            `json:"parallelism,omitempty"`
}

type parameterList struct {
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Name  string  `json:"name"`
	Value *string `json:"value,omitempty"`
	From  pairs   `json:"valueFrom,omitempty"`
}

type dag struct {
	Tasks []task `json:"tasks"`
}

type task struct {
	Name      string         `json:"name"`
	Template  string         `json:"template"`
	Depends   string         `json:"depends,omitempty"`
	When      string         `json:"when,omitempty"`
	Arguments *parameterList `json:"arguments,omitempty"`
	WithParam string         `json:"withParam,omitempty"`
	WithItems []any          `json:"withItems,omitempty"`
}

type container struct {
	Image     string   `json:"image"`
	Command   []string `json:"command"`
	Args      []string `json:"args"`
	Env       []pairs  `json:"env,omitempty"`
	Resources pairs    `json:"resources,omitempty"`
}

const (
	hostImage = "busybox:1" // of steps that name none: they have run on the host
	outputsAt = "/tmp/kaon-outputs/"
)

// need is what an input stands for: an output of a step, or the item of a for-each.
type need struct{ step, output, variable string }

func (n need) input() string {
	if n.variable != "" {
		return n.variable
	}
	return n.step + "-" + n.output
}
