package server

import (
	"path/filepath"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/sweep"
)

const (
	transferFolder = "depot"                 // in a sweep's state folder: the file server's
	codeFile       = "code" + archive.Suffix // in that: the packed code
)

// staging is how attempts of one sweep get what they work with: packed code, inputs, secrets.
type staging struct {
	id           string
	spec         *sweep.Spec
	folder       string // of the sweep's state
	bucket       bucket.Bucket
	bucketFolder string // left out of packed code; empty: the bucket is no folder
	cluster      *runningCluster
	foreign      bool   // somebody else than this process's own user has handed it in now
	owner        string // who has handed it in; empty: this process's own user
	resumed      bool   // it has begun before, so what is wrong with its inputs now does not refuse it
	over         bool   // likewise, and it has ended: nothing of it runs
	notify       func(kind NoticeKind, text string)

	fileServer *transfer.Server
	prefetch   []cluster.URI // what agents bring to attempts that have executors of their own
}

// openFileServer starts serving the sweep's files, below the address of another server or at its own.
func (s *staging) openFileServer(c transfer.Config) (err error) {
	c.Folder, c.Sweep, c.Bucket = filepath.Join(s.folder, transferFolder), s.id, s.bucket
	c.AttemptBytes = s.spec.Artifacts.Bytes
	if s.fileServer, err = transfer.Open(c); err != nil {
		return unreachable(err)
	}
	return nil
}
