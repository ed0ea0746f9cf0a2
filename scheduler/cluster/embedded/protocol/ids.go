package protocol

// Ids as they travel. An AgentID is given by the master and kept by the agent for its whole life, over
// restarts of either; a StreamID is one subscription of one scheduler (the Mesos-Stream-Id header).
type (
	AgentID     string
	FrameworkID string
	ExecutorID  string
	TaskID      string
	StreamID    string
)

// TaskKey is a task in the whole cluster: task ids are unique in their framework only.
type TaskKey struct {
	Framework FrameworkID
	Task      TaskID
}
