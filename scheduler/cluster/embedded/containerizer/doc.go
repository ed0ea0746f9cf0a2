// Package containerizer runs the containers of an agent on this machine: executors and command tasks as
// processes in sessions of their own, or in images on the Docker engine. The name is Mesos's for this part of
// an agent.
//
//	Start ─► sandbox ─► fetcher (cache) ─► process | Docker container | command executor ─► Host.Started
//	end of a process or container ─► what it leaves behind is killed ─► Host.Exited
//	former life ─► Folder.Load ─► records ─► Adopt ─► watched again, or Host.Exited
//
// It decides nothing: which containers run, and with which limits, is said by package agent through the
// server. Methods may be called from any goroutine and do not wait for containers. Of the embedded cluster it
// knows protocol, docker, and its Host.
package containerizer
