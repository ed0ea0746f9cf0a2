// Package mcp offers a server's sweeps to coding agents by the Model Context Protocol: tools to check and plan a spec,
// submit it within a budget, wait for it, and read what came of it.
//
// A Config says which server is asked and what may be done there. New makes the protocol's server with its tools, which
// its caller connects to a transport. A tool asks by package client, so it may what the caller's role at the server
// may, and no more. Answers are small: what is left out is named with the way to get it. An error says what helps.
//
// Tools may be called from any goroutine.
package mcp
