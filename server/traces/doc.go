// Package traces tells a collector where the time of each trial went, as OpenTelemetry spans by OTLP over HTTP: one
// trace for each trial, with a span for every wait, launch and run of its attempts.
package traces
