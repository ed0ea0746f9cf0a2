// Package kubernetestest is a Kubernetes in the test's process: an API server on real HTTPS, with what a client of
// nodes and pods relies on, and kubelets whose containers are real processes of this machine. It is linked into tests
// only.
//
// The API server (Cluster) keeps objects as the JSON they came in: nodes, pods, secrets, config maps and others of
// Kinds. It creates, lists by pages and selectors, watches with bookmarks, patches, deletes with grace, finalizers and
// owners as the real one does; it authenticates by tokens, authorizes by rules (Grant), checks pods by the PodSecurity
// standard "restricted" where the namespace asks for it, and answers with a fault where the test wants one (Inject). It
// can go down and come back with its state (Down, Up), end its watches (EndWatches) and forget its history (Compact),
// which makes older versions 410 Gone.
//
// A node (AddNode) is a kubelet: it takes pods that name it in spec.nodeName, refuses those that do not fit, and runs
// their containers. An image is a name in Options.Images that says which program stands for which path in it; /bin/sh
// and other programs of the machine are found by their own paths. There are no mount namespaces: where a container's
// command, environment or working folder names a path at which a volume is mounted, the kubelet writes the folder that
// the volume really is. All that a container started ends with it, as with a PID namespace. Standard output and error
// are kept as the container's log; attach and exec speak WebSocket (v4 and v5.channel.k8s.io). A kubelet can be stopped
// and started while its containers go on (Stop, Start), a node can be lost, come back, or be rebooted.
//
// A node that a client creates by itself has no kubelet here; attachments to its pods are led to the kubelet that its
// status names.
//
// What is not here: restartPolicy other than Never (refused with 422), kube-scheduler but for a first fit
// (Options.Scheduler), mount, network and user namespaces, registries, services.
package kubernetestest
