package staging

import (
	"path/filepath"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// codeFile, in the file server's folder of a sweep, is the packed code.
const codeFile = "code" + archive.Suffix

// Stage is how attempts of one sweep get what they work with: packed code, inputs, secrets.
type Stage struct {
	ID           string
	Spec         *sweep.Spec
	Folder       string // of the sweep's state
	Bucket       bucket.Bucket
	BucketFolder string // left out of packed code; empty: the bucket is no folder
	Place        Place
	Owner        string            // who has handed it in; empty: this process's own user
	Resumed      bool              // it has begun before, so what is wrong with its inputs now does not refuse it
	Warn         func(text string) // tells people

	FileServer *transfer.Server // as OpenFileServer has opened it
	Prefetch   []cluster.URI    // by Files: what agents bring to attempts that have executors of their own
}

// OpenFileServer starts serving the sweep's files, below the address of another server or at its own.
func (s *Stage) OpenFileServer(c transfer.Config) (err error) {
	c.Folder, c.Sweep, c.Bucket = filepath.Join(s.Folder, state.TransferFolder), s.ID, s.Bucket
	c.AttemptBytes = s.Spec.Artifacts.Bytes
	if s.FileServer, err = transfer.Open(c); err != nil {
		return fault.Unreachable(err)
	}
	return nil
}
