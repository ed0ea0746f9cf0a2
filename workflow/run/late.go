package run

import (
	"cmp"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// promise is by when a run is to be done.
type promise struct {
	sla    workflow.SLA
	wanted int64 // as of Origin
	told   int64 // as Origin.Late
}

// due is when the run of an engine is to be done, in milliseconds since 1970; 0: nothing is promised, or not any more.
func (p promise) due(e *engine.Engine) int64 {
	from := cmp.Or(p.wanted, e.Began())
	if p.sla.IsZero() || from == 0 || e.Kept() && p.told == 0 {
		return 0
	}
	at := p.sla.Due(timeOf(from))
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}

// open is when the run is late, in milliseconds since 1970; 0: never, or it was noted already.
func (p promise) open(e *engine.Engine) int64 {
	if p.told > 0 || !e.MayBeLate() {
		return 0
	}
	return p.due(e)
}

// late is when it was noted that the run is late, in milliseconds since 1970; 0: it was not.
func (p promise) late(e *engine.Engine) int64 { return cmp.Or(p.told, e.Late()) }

// view is how the run stands, with what was promised.
func (p promise) view(e *engine.Engine, all bool) engine.View {
	v := e.View(all)
	v.Due, v.Late = p.due(e), p.late(e)
	return v
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms) }
