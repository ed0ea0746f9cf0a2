package clustertest

import (
	"encoding/json"
	"fmt"
)

// command is what a test tells a task by a framework message.
type command struct {
	Serial int64 // of a command its own; one that is said again is answered, and not done again
	Task   string
	Do     string // one of the words below
	Text   string
	Data   []byte
}

// What a task may be told to do.
const (
	doSay       = "say"         // an update TASK_RUNNING with Data
	doFinish    = "finish"      // TASK_FINISHED with Data
	doFail      = "fail"        // TASK_FAILED with the message Text
	doMessage   = "message"     // a framework message with Data
	doVariables = "variables"   // an update with the variables named in Data, as JSON
	doAwaitCut  = "await cut"   // TASK_FINISHED with Data as soon as the connection to the agent breaks
	doExitAtCut = "exit at cut" // the executor ends with the code Text as soon as the connection to the agent breaks
	doExit      = "exit"        // the executor ends with the code Text
	doDie       = "die"         // the executor is killed
)

// What a task's data says of it, beside nothing.
const (
	silent   = "silent"   // it says nothing before it is told to
	stubborn = "stubborn" // it does not end when it is killed
)

// heard is the answer to a command.
func heard(serial int64) []byte { return fmt.Appendf(nil, "heard %d", serial) }

func (c command) encode() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // of strings and bytes
	}
	return b
}
