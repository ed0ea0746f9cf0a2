package accounting

// Usage is what trials of sweeps took of a cluster.
type Usage struct {
	By    string       `json:"by" enum:"sweep,queue,user,day" doc:"What it is divided by."`
	Since string       `json:"since,omitempty" doc:"The first day that is counted, as 2026-11-30, in UTC; absent: all are."`
	Items []UsageRow   `json:"items" doc:"Of days in their order, of others those with most hours first."`
	Total UsageAmounts `json:"total"`
	Gaps  []UsageGap   `json:"gaps,omitempty" doc:"Sweeps of which something could not be read; absent: none. At most 100 are named."`
}

// UsageRow is what one sweep, queue or user used, or all on one day.
type UsageRow struct {
	Key string `json:"key" doc:"The sweep's id, the queue, the user, or the day, as 2026-11-30, in UTC."`
	UsageAmounts
}

// UsageAmounts are amounts that attempts asked for, times how long they ran.
type UsageAmounts struct {
	Attempts int     `json:"attempts" doc:"That ended then."`
	Unknown  int     `json:"unknown,omitempty" doc:"Of those, how many count no hours, as what they asked for is not known."`
	Hours    float64 `json:"hours" doc:"How long they ran, one after the other."`
	CPU      float64 `json:"cpu_hours"`
	GB       float64 `json:"gb_hours" doc:"Of memory; a GB has 1,024 MB."`
	GPU      float64 `json:"gpu_hours"`
}

// UsageGap is a sweep that counts in part, or not at all.
type UsageGap struct {
	Sweep  string `json:"sweep"`
	Reason string `json:"reason"`
}

func (a *UsageAmounts) add(b UsageAmounts) {
	a.Attempts += b.Attempts
	a.Unknown += b.Unknown
	a.Hours += b.Hours
	a.CPU += b.CPU
	a.GB += b.GB
	a.GPU += b.GPU
}
