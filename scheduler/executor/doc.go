// Package executor is the process beside the trials: `kaon executor`. The agent starts it; it subscribes over
// the v1 executor HTTP API (protobuf, RecordIO), runs every task it is given as a process of its own, many at
// a time, reads their metrics, and reports in status updates that agents resend until they are acknowledged.
//
// It does not retry, judge metrics or talk to the scheduler but through the agent, and it keeps nothing that
// outlives it except what trials wrote into their folders.
//
// Nouns: a task is one attempt, or a bundle of several, run one after the other; an order says what to run; a collector
// finds samples in lines (package parse); an outbox numbers them as points and makes updates of them, one
// unacknowledged at a time (package outbox); a limit keeps an attempt to its limits; a subscription is one stream from
// the agent; a host is what attempts share.
//
// Run is called once per process, by cmd. Inside, one goroutine reads the agent's events, each attempt has
// one, and one for each of its pipes while its process runs; an attempt's lock guards its collector and
// outbox, and no lock is held while the network is waited for.
//
// Files look down, and no two reach each other: run; subscribe, events, updates; executor; bundle; attempt_run with
// attempt_start, attempt_output, attempt_metrics, attempt_events, attempt_lines, attempt_disk, attempt_end,
// attempt_kill and attempt_control; stagein, stageout, environment; attempt; process, metricsource, eventfiles,
// textfile, controls, limits, memwatch, capture, cache, agent; config. Where an attempt must call up, host has a
// function for it.
//
// In the flow it stands between launch and journal: orders come in, reports go out (package task).
//
// An attempt's folder, <sandbox>/<task id>/, is its working directory unless the order names one, and holds
// stdout, stderr (and .tail files when they grew beyond their bound), metrics.jsonl, control, artifacts/ and
// the order's files; with code, work/ is the working directory. stdout, stderr and metrics.jsonl exist from
// their first byte on. <sandbox>/.kaon holds what attempts share. What lies there when the executor starts
// was prefetched by the agent; it is taken when it is whole, and fetched again when it is not.
package executor
