// Package api is the wire form of Mesos's v1 API as a server sees it: calls in JSON or protobuf (ReadCall),
// answers (Reply), and streams of events in RecordIO (Stream).
//
//	request body ─► ReadCall ─► message ─► the core ─► Answer ─► Reply
//	the core's events ─► Stream.Push … Stream.Serve ─► subscriber
//
// Push never blocks; each Stream is served by the goroutine of its request. Of ours it knows package protocol
// only.
package api
