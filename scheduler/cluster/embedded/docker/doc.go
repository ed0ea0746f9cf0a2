// Package docker runs containers on this machine's Docker engine, through the Engine API.
//
// It is the technology under the local agents' Docker containerizer: it pulls images, starts containers with
// real limits, waits for their ends and says when the kernel ended them for their memory, takes them away,
// and finds those that a crash left behind by their labels. What goes into a container, and what its end
// means, is decided by package containerizer. kaon's commands ask it what an image runs by itself.
//
// An Engine may be used by any number of goroutines; every method blocks until the engine has answered.
package docker
