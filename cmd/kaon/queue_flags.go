package main

import "fmt"

// queueFlags say where a sweep waits on a server.
type queueFlags struct {
	Queue    string `placeholder:"QUEUE" help:"The server's queue that it waits in, as in eng/ml; the same as --set queue=QUEUE."`
	Priority *int   `placeholder:"N" help:"In its queue, from -1000 to 1000; higher first; the same as --set priority=N."`
}

// overrides are what the flags stand for.
func (f queueFlags) overrides() (set []string) {
	if f.Queue != "" {
		set = append(set, fmt.Sprintf("queue=%q", f.Queue))
	}
	if f.Priority != nil {
		set = append(set, fmt.Sprintf("priority=%d", *f.Priority))
	}
	return set
}
