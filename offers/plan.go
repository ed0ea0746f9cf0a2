package offers

import "time"

// Plan is the packer's answer for one pass. Every offer of the index that the plan neither uses nor
// declines stays in the index.
type Plan struct {
	Launches []Launch
	Declines []Decline
	Unplaced []Unplaced // one per demand that still waits, in the order of the demands
}

// Launch uses up offers of one agent and one role in one ACCEPT.
type Launch struct {
	Agent  AgentID
	Role   string
	Offers []OfferID
	Grants []Grant
}

// Grant places Count tasks of demand number Demand, each with exactly Resources.
type Grant struct {
	Demand      int
	Count       int
	Resources   []Amount // of one task, by reservation, without the executor's overhead
	NewExecutor []Amount // the executor's own resources when this grant starts it; nil when it already runs
}

// Decline hands offers back, refusing to see them again for the given time.
type Decline struct {
	Offers []OfferID
	Refuse time.Duration
}

// Placed is how many tasks the plan launches.
func (p *Plan) Placed() int {
	n := 0
	for i := range p.Launches {
		for j := range p.Launches[i].Grants {
			n += p.Launches[i].Grants[j].Count
		}
	}
	return n
}
