// Package parse finds metrics in what trials write: from bytes to lines, from lines to samples.
//
// Nouns: Lines cuts a stream into lines; a Collector reads a line, as JSON or a dict of Python's (flatten), as
// name=value pairs or by the user's filters (pairs), into a Sample: metrics, a step, a note; a Follower reads what is
// appended to a metrics file; Unread counts the lines that seemed to be metrics and were not read, by the reason.
//
// A number is read whole or not at all (whole), because the beginning of a number is another number. All of
// it is pure but for the Follower, which reads a file through an opened folder. A Collector never changes, so
// a trial's streams share it; Lines and Followers belong to one goroutine each. In the flow it stands between
// a trial's pipes and files and its outbox.
package parse
