// Package hollow adds nodes to a Kubernetes that run nothing: Kubernetes calls them hollow, too. They are real to the
// API server, to its controllers and to schedulers; their one kubelet takes pods, tells of their phases, and answers
// attachments, but no process is behind a container. It is for measurements on a real API server with more nodes than
// there are machines.
//
// A container of kaon's is a simulated executor: it speaks to its agent over the attachment as a real one does, and its
// tasks do what Config.Behave says. Any other pod ends with exit code 0 so long after it began as its annotation
// Seconds says, and without one when it is deleted.
//
// What is not simulated: images and their pulls, volumes, the time that a container takes to start, and the second or
// two that a real kubelet takes to tell of an end. A pod's status is written twice in its life, where a real kubelet
// writes it three or four times.
//
// Nodes are the kubelet, Start to Close. A goroutine follows the pods; each pod has one of its own, and each executor
// three more.
package hollow
