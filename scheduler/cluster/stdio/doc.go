// Package stdio carries HTTP over a process's standard input and output, in lines of text: the process asks by its
// output, and is answered by its input. So a program in a container reaches whoever is attached to it without a network
// between the two, and what it asked can be read again from its log.
//
// One end is a Client, an http.RoundTripper in the process; the other is Serve, which gives the requests to a handler.
// They speak in sessions. Whoever attaches opens one with a name of its own, and everything of the session before ends
// as with a broken connection: its requests fail at both ends, and callers ask again. Lines of other sessions, and what
// is no line of this protocol, are passed over, so that an attachment may begin and end in the middle of one.
//
// Nouns: a frame is one line; a stream is one request with its answer; credit is what a sender of a body may send
// before the other end has read some of it, so that a slow reader of one body holds up no other.
//
// Replay reads the requests of a log. The package knows nothing of what is carried.
package stdio
