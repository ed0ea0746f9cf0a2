// Package mesos drives an Apache Mesos master, or the embedded cluster that speaks the same API, over the v1
// scheduler HTTP API with protobuf messages in RecordIO frames. It implements cluster.Driver: it turns
// Mesos's events into cluster.Events and cluster.Calls into Mesos's calls, keeps one subscription alive over
// leader changes and broken connections, and tells what can never work from what may work soon.
//
// It decides nothing about offers, tasks or retries and remembers nothing but its framework id.
//
// Nouns: a Config says where and as whom; a Driver subscribes (Run) and calls (Send); a session is one
// subscription from SUBSCRIBE to the end of its stream.
//
// Run is called once, by the loop's owner; events are delivered on its goroutine, one at a time, and a slow
// deliver makes the master wait. Send may be called from any number of goroutines. Calls of one goroutine
// arrive in order; calls of several goroutines may overtake each other, which is harmless for
// acknowledgements of different tasks.
//
// EncodeCall, DecodeEvent and SubscribeCall are its pure half, also for whoever brings calls and events to a
// master by another way than HTTP, as the simulation does.
//
// mesos-go gives the messages (api/v1/lib, scheduler, calls). Its httpsched controller is not used: it sends
// one call at a time under a lock, replays a failed ACCEPT at the next master, and has no heartbeat deadline.
//
// In the flow it is both ends of the wire:
//
//	master ─RecordIO─► session ─► event, amount: in cluster's words ─► deliver ─► the scheduler's loop
//	cluster.Call ─► Send ─► call, container, amount: in Mesos's words ─► POST ─► master
package mesos
