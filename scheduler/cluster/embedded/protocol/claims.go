package protocol

import (
	"fmt"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// Claims say which executor somebody is, and in which of its runs, by the names that Mesos gives them in its
// executors' tokens.
type Claims struct {
	Framework FrameworkID `json:"fid"`
	Executor  ExecutorID  `json:"eid"`
	Container string      `json:"cid"`
}

// Allow tells why an executor may not make a call; empty: it may.
func (c Claims) Allow(call *executor.Call) string {
	switch {
	case call.FrameworkID.Value != string(c.Framework):
		return fmt.Sprintf("Authenticated executor does not contain an 'fid' claim with the value '%s'",
			call.FrameworkID.Value)
	case call.ExecutorID.Value != string(c.Executor):
		return fmt.Sprintf("Authenticated executor does not contain an 'eid' claim with the value '%s'",
			call.ExecutorID.Value)
	}
	return ""
}
