package results

import (
	"fmt"
	"strings"
)

// Unread is what of an attempt's output was passed over though it may have been meant as metrics.
type Unread struct {
	Lines uint64 `codec:"lines" json:"lines"`
	// what they are or why not, in the plural: "3 lines " goes before it
	Why   string `codec:"why" json:"why"`
	First string `codec:"first,omitempty" json:"first"` // the first of them, cut
}

// String is one sentence for people.
func (u Unread) String() string {
	text := fmt.Sprintf("%d lines %s", u.Lines, u.Why)
	if u.Lines == 1 {
		text = "1 line " + strings.ReplaceAll(" "+u.Why, " were ", " was ")[1:]
	}
	if u.First != "" {
		text += ", first: " + u.First
	}
	return text
}
