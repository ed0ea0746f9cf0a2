package run

// Trigger is what began a run of a registered workflow. Stored: fields may be added, not renamed.
type Trigger struct {
	Kind     string `json:"kind"`               // manual, cron, after, signal, file or sweep
	Name     string `json:"name,omitempty"`     // of the trigger in the file
	Time     int64  `json:"time,omitempty"`     // when it was due, in milliseconds since 1970
	Source   string `json:"source,omitempty"`   // the run, sweep or file behind which it came
	Backfill bool   `json:"backfill,omitempty"` // it was made of a range of times
}
