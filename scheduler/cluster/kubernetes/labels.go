package kubernetes

// What pods and other objects of ours carry.
const (
	// Finalizer keeps a pod until its agent has written down how it ended.
	Finalizer = prefix + "acknowledged"

	managedBy = "app.kubernetes.io/managed-by"

	labelFramework = prefix + "framework" // of the scheduler
	labelOwner     = prefix + "owner"     // the state folder that it was made from
	labelContainer = prefix + "container" // the agent's id of this run of an executor
	labelSweep     = prefix + "sweep"     // of the first task
	labelTrial     = prefix + "trial"     // of the first task, in an executor of its own
	labelAttempt   = prefix + "attempt"
	noteExecutor   = prefix + "executor"
	noteHash       = prefix + "hash"     // of what was asked for
	noteDelivery   = prefix + "delivery" // bytes that it expects by its standard input before anything else
)
