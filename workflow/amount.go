package workflow

import "github.com/kaon-sweep/kaon/sweep"

// Amount is about how many bytes a value is as a text. What is in several places within it counts in each. It is not
// looked at further when it is more than most, and the answer is then more than that.
func Amount(v any, most int) int { return sweep.Amount(v, most) }
