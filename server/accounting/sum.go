package accounting

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// mostGaps bounds how many are named.
const mostGaps = 100

// sum adds up what many sweeps used.
type sum struct {
	by    string
	first int64 // day
	rows  map[string]*UsageAmounts
	total UsageAmounts
	gaps  []UsageGap
}

// sweep adds what a sweep of an owner used, and why that is not all, if it is not.
func (s *sum) sweep(id, owner string, parts []part, gap string) {
	for _, part := range parts {
		if part.day < s.first {
			continue
		}
		var key string
		switch s.by {
		case "sweep":
			key = id
		case "user":
			key = owner
		case "day":
			key = dayText(part.day)
		default:
			key = part.queue
		}
		row := s.rows[key]
		if row == nil {
			row = new(UsageAmounts)
			s.rows[key] = row
		}
		row.add(part.UsageAmounts)
		s.total.add(part.UsageAmounts)
	}
	if gap != "" && len(s.gaps) < mostGaps {
		s.gaps = append(s.gaps, UsageGap{id, gap})
	}
}

func (s *sum) usage(since time.Time) Usage {
	out := Usage{By: s.by, Items: make([]UsageRow, 0, len(s.rows)), Total: s.total, Gaps: s.gaps}
	if !since.IsZero() {
		out.Since = dayText(s.first)
	}
	for key, amounts := range s.rows {
		out.Items = append(out.Items, UsageRow{key, *amounts})
	}
	slices.SortFunc(out.Items, func(a, b UsageRow) int {
		if s.by == "day" {
			return strings.Compare(a.Key, b.Key)
		}
		return cmp.Or(cmp.Compare(b.Hours, a.Hours), strings.Compare(a.Key, b.Key))
	})
	slices.SortFunc(out.Gaps, func(a, b UsageGap) int { return strings.Compare(a.Sweep, b.Sweep) })
	return out
}
