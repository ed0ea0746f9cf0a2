// Package prometheus reads the text files that programs write for Prometheus' node exporter, in its text format or
// OpenMetrics'.
//
// Such a file has no history: each state of it replaces the one before. A Follower looks at it poll by poll and makes
// of each state that differs a line as the metrics file has it, which is read as any other. Parse is pure, the Follower
// reads through a safefile.Dir.
package prometheus
