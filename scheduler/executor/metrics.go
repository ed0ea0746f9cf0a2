package executor

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

var (
	pointsTotal         = metrics.NewCounter(`kaon_executor_points_total`)
	updatesTotal        = metrics.NewCounter(`kaon_executor_updates_total`)
	updateBytesTotal    = metrics.NewCounter(`kaon_executor_update_bytes_total`)
	deliveredBytesTotal = metrics.NewCounter(`kaon_executor_delivered_bytes_total`)
	subscriptionsTotal  = metrics.NewCounter(`kaon_executor_subscriptions_total`)
)

func tasksTotal(state string) *metrics.Counter {
	return metrics.GetOrCreateCounter(fmt.Sprintf(`kaon_executor_tasks_total{state=%q}`, state))
}
