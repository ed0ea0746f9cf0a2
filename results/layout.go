package results

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Names of a sweep's objects, below sweeps/<id>/.
const (
	SpecFile   = "spec.yaml"
	SweepFile  = "sweep.json"
	BoardFile  = "board.json"
	WinnerFile = "winner.json"

	SweepsPrefix = "sweeps/" // begins the names of all sweeps' objects
	cachePrefix  = "cache/"  // begins the names of what tells which sweeps do the same work

	batchSuffix = ".msgpack.zst"
)

// ObjectName is the name of one of a sweep's objects: sweeps/<id>/<file>.
func ObjectName(sweep, file string) string { return SweepsPrefix + sweep + "/" + file }

// RecordsPrefix begins the names of a sweep's batches.
func RecordsPrefix(sweep string) string { return ObjectName(sweep, "records/") }

// BatchName is the name of batch n of a sweep, n from 0, as the writer of an epoch names it; an empty epoch
// is left out. Two epochs never share a name, so a put that a dead process left under way replaces nothing
// when it lands late. Leading zeros make names sort by number for the first 10^8.
func BatchName(sweep string, n uint64, epoch string) string {
	if epoch != "" {
		epoch = "-" + epoch
	}
	return fmt.Sprintf("%s%08d%s%s", RecordsPrefix(sweep), n, epoch, batchSuffix)
}

// BatchNumber is the number in a batch's name.
func BatchNumber(sweep, name string) (n uint64, ok bool) {
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

// AllArtifactsPrefix begins the names of a sweep's artifacts.
func AllArtifactsPrefix(sweep string) string { return ObjectName(sweep, "artifacts/") }

// ArtifactsPrefix begins the names of an attempt's artifacts.
func ArtifactsPrefix(sweep string, trial, attempt int) string {
	return fmt.Sprintf("%s%s/%d/", AllArtifactsPrefix(sweep), trialName(trial), attempt)
}

// WholeName is the empty object that says that all of an attempt's artifacts arrived. It is no artifact, and is
// there only where another attempt may go on from them.
func WholeName(sweep string, trial, attempt int) string {
	return strings.TrimSuffix(ArtifactsPrefix(sweep, trial, attempt), "/") + wholeSuffix
}

const wholeSuffix = ".whole"

// WholeAttempt is the attempt of a trial that an object says all artifacts arrived of, by its name; not ok for the step
// that follows the trials, and for other objects.
func WholeAttempt(sweep, name string) (trial, attempt int, ok bool) {
	folder, ok := strings.CutSuffix(name, wholeSuffix)
	if !ok {
		return 0, 0, false
	}
	trial, attempt, ok = ArtifactAttempt(sweep, folder+"/")
	return trial, attempt, ok && name == WholeName(sweep, trial, attempt)
}

// ArtifactAttempt is the attempt of a trial that an artifact is of, by its name; not ok for the step that
// follows the trials, and for what is no artifact.
func ArtifactAttempt(sweep, name string) (trial, attempt int, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(name, AllArtifactsPrefix(sweep)), "/", 3)
	if len(parts) != 3 {
		return 0, 0, false
	}
	trial, wrong := strconv.Atoi(parts[0])
	attempt, err := strconv.Atoi(parts[1])
	return trial, attempt, wrong == nil && err == nil && strings.HasPrefix(name, ArtifactsPrefix(sweep, trial, attempt))
}

// LogsPrefix begins the names of an attempt's logs: stdout.zst and stderr.zst, under zstd.
func LogsPrefix(sweep string, trial, attempt int) string {
	return ObjectName(sweep, fmt.Sprintf("logs/%s/%d/", trialName(trial), attempt))
}

// DamagedName is the name under which a damaged object of a sweep is kept.
func DamagedName(sweep, label, name string) string {
	return ObjectName(sweep, "damaged/"+label+"/"+path.Base(name))
}

// trialName is a trial's index as names have it; the step that follows the trials has a word.
func trialName(trial int) string {
	if trial == ThenTrial {
		return "then"
	}
	return fmt.Sprint(trial)
}

// ThenTrial stands for the step that follows the trials where a trial's index is expected.
const ThenTrial = sweep.ThenTrial

// WorkPrefix begins the names of what tells which sweeps have results of a work; the last part is a sweep's id.
func WorkPrefix(work string) string { return cachePrefix + work + "/" }

// WorkName is the object that tells that a sweep has results of a work.
func WorkName(work, sweep string) string { return WorkPrefix(work) + sweep }
