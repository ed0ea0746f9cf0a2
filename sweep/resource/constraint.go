package resource

// Constraint is one placement rule in Marathon's notation: [field, OPERATOR, value].
type Constraint struct {
	Field    string `json:"field"` // an agent attribute, or "hostname"
	Operator string `json:"operator"`
	Value    string `json:"value,omitempty"`
	Soft     bool   `json:"soft,omitempty"` // a preference: never the reason to wait
}

// Operators of constraints, as Marathon defines them.
const (
	Is      = "IS"
	Like    = "LIKE"
	Unlike  = "UNLIKE"
	Unique  = "UNIQUE"
	Cluster = "CLUSTER"
	GroupBy = "GROUP_BY"
	MaxPer  = "MAX_PER"
)
