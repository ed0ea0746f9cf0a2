// Package protocol holds what the master, the agents and the world around them say to each other in the
// embedded cluster: messages between master and agents, effects of either on the world, answers to API calls,
// ids, resources, timing.
//
//	master ──ToAgent──► agent        master, agent ──Effect──► the server, or a simulation
//	master ◄─ToMaster── agent        API calls ──Answer──► callers
//
// It knows neither master nor agents. Values only: no clock, no I/O, no goroutines.
package protocol
