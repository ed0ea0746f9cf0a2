package cluster

import "github.com/kaon-sweep/kaon/sweep"

// Container is the image an executor is started in.
type Container struct {
	sweep.Container
	ResizesWithTasks bool     `json:"Grows"` // several attempts share it, so its limits grow with them
	Credentials      []byte   // a config.json of Docker for the image's registry; nil: none
	URIs             []URI    // fetched into the sandbox before the image is pulled, besides the executor's own
	Labels           []string // KEY=VALUE, for whoever looks at the agent
}
