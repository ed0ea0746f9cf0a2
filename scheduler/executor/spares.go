package executor

import (
	"path/filepath"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// spares are the folders of attempts that left nothing in them, for those that come next: to rename one takes a small
// part of the time of making three inodes, and what nobody wrote to takes no room.
type spares struct {
	sandbox *safefile.Dir

	mu struct {
		sync.Mutex
		names []string // in the sandbox
		modes [3]uint32
		known bool // modes are
	}
}

// spareParts are what a fresh folder is made of.
var spareParts = [...]string{".", artifactsName, controlName}

// mostSpares is how many are kept: more attempts hardly ever begin at one moment.
const mostSpares = 256

// take gives a spare folder a name; false: there is none that can be used.
func (s *spares) take(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.mu.names) - 1
	if last < 0 {
		return false
	}
	if s.sandbox.Rename(s.mu.names[last], name) != nil {
		return false // the name has a folder already, as after a shortage, or the spare is gone: the next may do
	}
	s.mu.names = s.mu.names[:last]
	return true
}

// learn notes how a fresh folder looks, which the process's umask decides.
func (s *spares) learn(folder *safefile.Dir) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.known {
		return
	}
	for i, part := range spareParts {
		st, err := folder.Stat(part)
		if err != nil {
			return
		}
		s.mu.modes[i] = st.Mode
	}
	s.mu.known = true
}

// put takes the folder of an attempt that has ended if it is as a fresh one is: nothing was added to it, and nothing
// of it changed.
func (s *spares) put(name string, folder *safefile.Dir) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.mu.known || len(s.mu.names) >= mostSpares {
		return false
	}
	for i, part := range spareParts {
		st, err := folder.Stat(part)
		if err != nil || st.Mode != s.mu.modes[i] {
			return false
		}
		if part == controlName && (st.Size > 0 || st.Nlink != 1) {
			return false
		}
	}
	if n, err := folder.Count("."); err != nil || n != len(spareParts)-1 {
		return false
	}
	if n, err := folder.Count(artifactsName); err != nil || n != 0 {
		return false
	}
	s.mu.names = append(s.mu.names, name)
	return true
}

// remove removes them at the end of the executor.
func (s *spares) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range s.mu.names {
		_ = s.sandbox.RemoveAll(name) // what stays is empty
	}
	s.mu.names = nil
}

// giveBack gives the folder of an attempt that succeeded and left nothing in it to the next ones, and tells whether it
// did. It is not given when the attempt may have left a process that could still write there, when it began there or
// had another user, or when it holds what the order put there. No lock may be held.
func (t *attempt) giveBack() bool {
	o := &t.order
	if o.User != "" || len(o.Files) > 0 || o.Code != nil || len(o.Inputs) > 0 || !filepath.IsAbs(o.Dir) ||
		!t.host.leftovers.none() {
		return false
	}
	if !t.access.TryLock() {
		return false // a message is being written
	}
	defer t.access.Unlock()
	files := t.files.Load()
	if files == nil || !t.host.spares.put(t.id, files) {
		return false
	}
	t.files.Store(nil)
	files.Close()
	return true
}
