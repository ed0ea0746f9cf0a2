package cluster

// SchedulerHost is the host of addresses that lead executors to their scheduler where no network does: whoever carries
// an executor's requests brings them there.
const SchedulerHost = "kaon.scheduler.internal"

// OutputHost is where an executor asks, in such a place, what its scheduler wants to read of what attempts write while
// they run: a GET of OutputWantedPath is answered by an OutputWanted when there is one, and what was read is posted to
// OutputWanted.Answer.
const (
	OutputHost       = "kaon.output.internal"
	OutputWantedPath = "/wanted"
	// OutputMax bounds what is read at once.
	OutputMax = 64 << 10
)

// OutputWanted is a piece of a file in an attempt's folder.
type OutputWanted struct {
	Attempt TaskID `json:"attempt"` // the id that its task would have if it were alone
	Name    string `json:"name"`    // one of those of OutputFile
	Offset  int64  `json:"offset"`
	Answer  string `json:"answer"` // path of the answer: 200 bytes; a DELETE says that there is no such file
}

// OutputFile tells the files in which an executor keeps what an attempt writes, by their names.
func OutputFile(name string) (stream string, ok bool) {
	switch name {
	case "stdout", "stdout.tail", "stdout.tail.1":
		return "stdout", true
	case "stderr", "stderr.tail", "stderr.tail.1":
		return "stderr", true
	}
	return "", false
}
