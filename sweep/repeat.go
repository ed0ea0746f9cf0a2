package sweep

// Repeat says how often each point runs, with another seed each time, and what stands for the point. The trials of
// a point follow each other: trial i runs point i/Trials.
type Repeat struct {
	Trials int  `json:"trials"` // 1 or more; 0: as 1
	Rank   Rank `json:"rank,omitempty"`
	Racing bool `json:"racing,omitempty"` // repeats of promising points run before those of others
}
