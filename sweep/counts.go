package sweep

// Counts is how many trials of a sweep are in each state. They add up to Total.
type Counts struct {
	Total     int `json:"total"`
	Waiting   int `json:"waiting"` // not launched, or between two attempts
	Launched  int `json:"launched"`
	Running   int `json:"running"`
	Succeeded int `json:"succeeded"`
	Failed    int `json:"failed"`
	Stopped   int `json:"stopped"`
	Cached    int `json:"cached"`
}

// Of is the count of the trials in a state; that of an unknown one is Failed's.
func (c *Counts) Of(s State) *int {
	switch s {
	case Waiting:
		return &c.Waiting
	case Launched:
		return &c.Launched
	case Running:
		return &c.Running
	case Succeeded:
		return &c.Succeeded
	case Stopped:
		return &c.Stopped
	case Cached:
		return &c.Cached
	}
	return &c.Failed
}

// Ended is how many trials are in a terminal state.
func (c Counts) Ended() int { return c.Succeeded + c.Failed + c.Stopped + c.Cached }
