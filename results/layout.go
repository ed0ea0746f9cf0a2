package results

import (
	"fmt"
	"strconv"
	"strings"
)

// Names of a sweep's objects, below sweeps/<id>/.
const (
	SpecFile   = "spec.yaml"
	SweepFile  = "sweep.json"
	BoardFile  = "board.json"
	WinnerFile = "winner.json"

	sweepsPrefix = "sweeps/"
	batchSuffix  = ".msgpack.zst"
)

// ObjectName is the name of one of a sweep's objects: sweeps/<id>/<file>.
func ObjectName(sweep, file string) string { return sweepsPrefix + sweep + "/" + file }

// RecordsPrefix begins the names of a sweep's batches.
func RecordsPrefix(sweep string) string { return ObjectName(sweep, "records/") }

// BatchName is the name of a sweep's batch n, n from 0, without a life. Zeros make names sort by number for the first
// 10^8.
func BatchName(sweep string, n uint64) string {
	return fmt.Sprintf("%s%08d%s", RecordsPrefix(sweep), n, batchSuffix)
}

// LifeBatchName is the name of batch n as the writer of one process life names it: two lives never share a name, so a
// put that a dead process left under way replaces nothing when it lands late.
func LifeBatchName(sweep string, n uint64, life string) string {
	return fmt.Sprintf("%s%08d-%s%s", RecordsPrefix(sweep), n, life, batchSuffix)
}

// batchNumber is the number in a batch's name.
func batchNumber(sweep, name string) (n uint64, ok bool) {
	name, ok = strings.CutPrefix(name, RecordsPrefix(sweep))
	if !ok {
		return 0, false
	}
	name, ok = strings.CutSuffix(name, batchSuffix)
	if !ok {
		return 0, false
	}
	name, _, _ = strings.Cut(name, "-")
	n, err := strconv.ParseUint(name, 10, 63)
	return n, err == nil
}

// ArtifactsPrefix begins the names of an attempt's artifacts.
func ArtifactsPrefix(sweep string, trial, attempt int) string {
	return ObjectName(sweep, fmt.Sprintf("artifacts/%s/%d/", trialName(trial), attempt))
}
