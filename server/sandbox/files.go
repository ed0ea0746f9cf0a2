package sandbox

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// Reader reads files of an attempt's folder; *mesos.Sandbox is one.
type Reader interface {
	// Read gives what follows an offset, not necessarily all of it, and nothing at the end. The error wraps
	// fs.ErrNotExist when there is no such file.
	Read(ctx context.Context, name string, offset int64) ([]byte, error)
}

// Local reads a folder of this machine that a trial could write to. It is looked up for each file: what an attempt
// left empty is another's when it has ended.
type Local struct {
	above *safefile.Dir
	name  string
}

// OpenLocal opens an attempt's folder. What a trial may have changed of its path leads nowhere else: no link is
// followed below the state folder, or, when it lies elsewhere, below the folder that it lies in.
func OpenLocal(state, folder string) (Local, error) {
	base, name := filepath.Dir(folder), filepath.Base(folder)
	if abs, err := filepath.Abs(state); err == nil {
		if rel, err := filepath.Rel(abs, folder); err == nil && filepath.IsLocal(rel) {
			base, name = abs, rel
		}
	}
	above, err := safefile.OpenDir(base)
	if err != nil {
		return Local{}, err
	}
	dir, err := above.Dir(name)
	if err != nil {
		above.Close()
		return Local{}, err
	}
	return Local{above, name}, dir.Close()
}

const chunk = 256 << 10

func (l Local) Read(_ context.Context, name string, offset int64) ([]byte, error) {
	f, err := l.above.Open(filepath.Join(l.name, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, chunk)
	n, err := f.ReadAt(data, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:n], err
}

// AgentsFolder, in a state folder, is where the embedded cluster has its agents.
const AgentsFolder = "agents"

// Find is the folder of a task that the embedded cluster runs or ran below a state folder; empty: there is none.
func Find(state, task string) (folder string) {
	_ = filepath.WalkDir(filepath.Join(state, AgentsFolder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || filepath.Base(filepath.Dir(filepath.Dir(path))) != "runs" {
			return nil // what cannot be read is not there
		}
		if d.Name() == task {
			folder = path
			return fs.SkipAll
		}
		return fs.SkipDir // what trials make in their folders is none of them
	})
	return folder
}
