package containerizer

// The labels by which Docker containers are found again. Whoever starts tasks may add its own.
const (
	labelFolder    = "kaon.cluster" // the agent's folder
	labelAgent     = "kaon.agent"
	labelFramework = "kaon.framework"
	labelExecutor  = "kaon.executor"
)

// dockerName is what the engine calls a container: a next life finds it by that alone.
func dockerName(container string) string { return "mesos-" + container }
