// Package service is what `kaon serve` runs: a server of sweeps with all that people, programs and other services have
// of it, opened and closed in one call. It has the tokens, the runs of workflows and those that are registered, the
// advice on agents, the HTTP API, and who is told of ends; it listens nowhere.
//
// Nouns: a Service is the whole; its Server has the sweeps; its API answers whatever listener hands it requests.
package service
