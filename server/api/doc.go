// Package api is the HTTP API of a running server: what `kaon serve` answers, on a socket of this machine and,
// with tokens, on a port. The command line of other processes, Package client and every other tool speak it.
//
// Operations are declared with their types, and the OpenAPI document is made from those declarations
// (GET /v1/openapi.json): what is documented is what is checked. Errors are problem details (RFC 9457); those of
// a spec name line, column and remedy of each mistake.
//
// Nouns: an API has Operations over one server and the results it writes to. The catalog is all sweeps of the
// results, of this server or not. The hub keeps the last events for those who listen.
//
// The package decides which role an operation needs, and how answers look; who asks is known by package access, and
// what happens is decided by package server and the scheduler below it. Its Handler may be called from any goroutine.
package api
