package server

import (
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler"
)

var packSeconds = metrics.NewSummary("kaon_scheduler_pack_seconds")

// timedPacker has the time taken that the packer needs: the core that calls it has no clock.
type timedPacker struct{ scheduler.Packer }

func (p timedPacker) Pack(now time.Time, demands []offers.Demand, o offers.Options) offers.Plan {
	defer packSeconds.UpdateDuration(time.Now())
	return p.Packer.Pack(now, demands, o)
}
