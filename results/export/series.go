package export

import (
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Series is how many trials were in each state over time: every list has one entry for each of the times.
type Series struct {
	Times     []int64 `json:"times" doc:"Milliseconds since 1970, evenly apart, from the sweep's beginning to its end, or to now."`
	Waiting   []int   `json:"waiting" doc:"Not begun, or between two attempts."`
	Running   []int   `json:"running"`
	Succeeded []int   `json:"succeeded"`
	Failed    []int   `json:"failed"`
	Stopped   []int   `json:"stopped"`
	Cached    []int   `json:"cached" doc:"Taken from earlier runs of the same work."`
}

// Span is the time that a series is of.
type Span struct {
	From, To time.Time
	Live     bool          // somebody works on the sweep
	Now      *sweep.Counts // how trials stand at its end, as who works on the sweep knows it; nil: as the board does
	Running  []time.Time   // when attempts began that run now
	Most     int           // at most so many times; at least 2
}

// Of has the span be that of a sweep: from when it was created, RFC 3339, to when it finished; of one that has not, to
// now, or when nobody works on it to the last that is known of it.
func (s *Span) Of(created, finished string, b *board.Board) {
	moments := b.Timeline()
	if s.From, _ = time.Parse(time.RFC3339, created); s.From.IsZero() && len(moments) > 0 { // of an older kaon
		s.From = time.UnixMilli(moments[0].AtMs)
	}
	s.To = s.From
	if over, err := time.Parse(time.RFC3339, finished); err == nil {
		s.To = over
	} else if s.Live || len(moments) == 0 {
		s.To = time.Now()
	} else {
		s.To = time.UnixMilli(moments[len(moments)-1].AtMs)
	}
}

// NewSeries is how many trials of a board were in each state over a span. What happened before it counts as at its
// beginning, and what is told of later times, by clocks that are ahead, as at its end, which is as trials stand.
func NewSeries(b *board.Board, s Span) Series {
	from, to, most := s.From.UnixMilli(), s.To.UnixMilli(), max(s.Most, 2)
	to = max(to, from+1)
	moments, began := b.Timeline(), make([]int64, 0, len(s.Running))
	for _, at := range s.Running {
		began = append(began, at.UnixMilli())
	}
	slices.Sort(began)
	n := int(min(int64(most), to-from+1))
	var out Series
	now := sweep.Counts{Waiting: b.Counts().Total}
	for i := range n {
		at := from + int64(float64(to-from)*float64(i)/float64(n-1))
		for len(moments) > 0 && moments[0].AtMs <= at {
			for _, state := range sweep.States() {
				*now.Of(state) += *moments[0].Changes.Of(state)
			}
			moments = moments[1:]
		}
		for len(began) > 0 && began[0] <= at {
			now.Waiting, now.Running, began = now.Waiting-1, now.Running+1, began[1:]
		}
		shown := now
		if i == n-1 {
			if shown = b.Counts(); s.Now != nil {
				shown = *s.Now
			}
			shown.Waiting += shown.Launched
		}
		out.add(at, shown)
	}
	return out
}

// add adds a time. Clocks that are apart may have trials go on before they were there: fewer than none are none.
func (s *Series) add(at int64, c sweep.Counts) {
	s.Times = append(s.Times, at)
	for _, one := range []struct {
		list  *[]int
		count int
	}{{&s.Waiting, c.Waiting}, {&s.Running, c.Running}, {&s.Succeeded, c.Succeeded}, {&s.Failed, c.Failed},
		{&s.Stopped, c.Stopped}, {&s.Cached, c.Cached}} {
		*one.list = append(*one.list, max(one.count, 0))
	}
}
