// Package client asks a running server, over its socket on this machine or over HTTP with a token, what package api
// answers. Its types are those of the API.
//
// A Client asks; Bucket reads the results that lie with a server as if they were here; Control tells it what `kaon
// stop`, `pause` and their like want. All may be used from any goroutine.
package client
