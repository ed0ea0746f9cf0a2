// Package kubernetes is the engine that runs trials in the pods of a Kubernetes cluster. Kubernetes has neither a
// master that makes offers nor agents that keep updates until they are acknowledged, so the package runs those of
// package embedded in this process: every node is one of its agents, and every executor that such an agent starts is a
// pod. All that Mesos promises of offers, launches, updates, kills and recovery is then kept by the same code; what is
// here is only what is Kubernetes's.
//
// It speaks the plain REST API over net/http and needs no port in the cluster or here: the executor in a pod asks by
// its standard output and is answered by its standard input (package stdio), to which this process attaches.
//
// Nouns: an API is one API server as one account; a Cluster is the engine; a node is a node with its agent; a container
// is one executor and its pod, by the agent's word for it. A reflector lists and watches one kind of object.
//
// Each container has a goroutine, from its start or adoption until its pod is gone; nodes are updated by the goroutine
// of the Cluster. Objects that a reflector gave are never changed.
//
// In the flow:
//
//	nodes, pods ─watch─► Cluster: agents, what of them may be offered ─► embedded's agent and master ─► offers
//	launch ─► embedded's agent ─► container: pod ─attach─► executor ─stdio─► updates ─► agent ─► master ─► scheduler
//
// A pod carries a finalizer of ours (Finalizer) from its creation until its agent has written down how it ended, so
// that a pod that ends, or is deleted by others, while this process is away is still there when it comes back.
package kubernetes
