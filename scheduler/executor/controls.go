package executor

import "sync"

// controls are an attempt's messages on their way to its control file. That may lie on a disk that is slow, or where
// nothing answers: a goroutine writes them, which there is only while some wait.
type controls struct {
	mu      sync.Mutex
	waiting []message
	writes  bool // the goroutine is there
}

// message is one line for a control file.
type message struct {
	id   string // what has the id of an earlier one is not written again; empty: it has none
	body []byte // JSON
	then func() // called when it has been written, or could not be; nil: nobody
}
