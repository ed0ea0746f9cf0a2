package server

// Origin is what a sweep's submitter says of it, noted in sweep.json.
type Origin struct {
	Owner  string   // who submitted it; empty: who this process runs as
	Labels []string // words by which people find it again
}
