package store

import "encoding/json"

// Provenance is where a sweep comes from, besides its file and what was set: what it takes to do it again.
// Nothing in it is secret.
type Provenance struct {
	Kaon          string          `json:"kaon_version,omitempty"`
	Effective     json.RawMessage `json:"effective_spec,omitempty"` // the sweep file with the overrides, as JSON
	EffectiveHash string          `json:"effective_hash,omitempty"` // SHA-256 of it, without spaces
	// nil: the file is in no work tree, or there is no git
	Git  *Git  `json:"git,omitempty"`
	Runs []Run `json:"runs,omitempty"` // commands that worked on it, the latest last
}

// Git is the state of the work tree that a sweep file is in.
type Git struct {
	Commit string `json:"commit"`
	Dirty  bool   `json:"dirty"` // tracked files below the spec's folder differ from the commit
}

// Run is one process that worked on a sweep.
type Run struct {
	Command string `json:"command"` // as typed, quoted for a shell; secrets are replaced
	Dir     string `json:"directory"`
	User    string `json:"user"`
	Host    string `json:"host"`
	Started string `json:"started"`         // RFC 3339, UTC
	Ended   string `json:"ended,omitempty"` // empty while it works, and when it was killed
}

// mostRuns bounds how many are kept: the first, and the latest.
const mostRuns = 50

// Began notes a process that begins to work on the sweep.
func (p *Provenance) Began(r Run) {
	if p.Runs = append(p.Runs, r); len(p.Runs) > mostRuns {
		p.Runs = append(p.Runs[:1], p.Runs[2:]...)
	}
}

// Over notes that the latest process has left the sweep.
func (p *Provenance) Over(at string) {
	if n := len(p.Runs); n > 0 && p.Runs[n-1].Ended == "" {
		p.Runs[n-1].Ended = at
	}
}
