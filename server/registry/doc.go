// Package registry keeps workflows on a server under names, in numbered versions that never change, and begins runs of
// them: because somebody asks, or because a trigger of theirs is due.
//
// A run that is to begin stands in its workflow's queue, durable, under an id that it will have whoever begins it. Only
// when the run's own log is durable is it taken out. A server that is killed in between finds it in the queue, and the
// run's log says that it has begun: each begins exactly once. For cron the id is made of workflow, trigger and instant,
// so that an instant has one run, whether it comes by the clock, behind an outage or by a backfill. For files and
// sweeps it is made of their content or their end; what was taken of them stands in the trigger's cursor, which is
// written together with the queue.
//
// A run that still stands in the queue when it is to be done, by its workflow's SLA, is told as late: once, when that
// is durable there. It begins with that, so that the run does not tell it again.
//
// One goroutine looks after what is due. Files and sweeps are looked for in others, one a trigger, which may hang: they
// leave what they have found, and Close does not wait for them. Methods may be called from any.
package registry
