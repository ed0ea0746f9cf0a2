package sweep

import "time"

// Sampler is a user's program that chooses the points of a sweep.
type Sampler struct {
	Command []string
	Batch   int           // how many points it is asked for at once, 1 or more
	Timeout time.Duration // for one answer
}

// ByCommand is the method of a sweep whose points a program of the user's chooses.
const ByCommand = "command"
