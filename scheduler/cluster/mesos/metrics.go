package mesos

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

var (
	subscriptionsTotal  = metrics.NewCounter(`kaon_mesos_subscriptions_total`)
	disconnectionsTotal = metrics.NewCounter(`kaon_mesos_disconnections_total`)
	offersTotal         = metrics.NewCounter(`kaon_mesos_offers_total`)
	callSeconds         = metrics.NewHistogram(`kaon_mesos_call_duration_seconds`)
	readBytesTotal      = metrics.NewCounter(`kaon_mesos_read_bytes_total`)
	sentBytesTotal      = metrics.NewCounter(`kaon_mesos_sent_bytes_total`)
)

func countCall(name, result string) {
	metrics.GetOrCreateCounter(fmt.Sprintf(`kaon_mesos_calls_total{call=%q,result=%q}`, name, result)).Inc()
}

func countEvent(name string) {
	metrics.GetOrCreateCounter(fmt.Sprintf(`kaon_mesos_events_total{event=%q}`, name)).Inc()
}
