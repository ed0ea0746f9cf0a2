package containerizer

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// recordSuffix ends the names of files that hold the record of a container.
const recordSuffix = ".state"

// Folder is an agent's work folder, locked against other processes: its sandboxes, the fetcher's cache, and
// in meta/ what the agent must remember to take its containers over after its own death (see checkpoint.go).
// Methods may be called from any goroutine.
type Folder struct {
	path   string // absolute
	log    *slog.Logger
	locked *os.File // held while the folder is ours

	mu struct {
		sync.Mutex
		journals map[string]*journal // by container
		recorder recorder
		unsaved  bool // the log was told that a record could not be kept
	}
}

// OpenFolder makes an agent's work folder, or takes over that of its former life, and locks it.
func OpenFolder(path string, log *slog.Logger) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find work folder: %w", err)
	}
	f := &Folder{path: path, log: log}
	f.mu.journals = map[string]*journal{}
	if err := f.make(); err != nil {
		return nil, fmt.Errorf("make work folder: %w", err)
	}
	if err := f.lock(); err != nil {
		return nil, err
	}
	return f, nil
}

// make makes the folder, or takes over that of a former life. One that somebody else made may hold a key of
// tokens that others know, and name processes that are none of ours.
func (f *Folder) make() error {
	for _, folder := range []string{f.path, f.Meta()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := safefile.Own(folder); err != nil {
			return fmt.Errorf("%w: remove it or choose another folder", err)
		}
		if err := os.Chmod(folder, 0o700); err != nil { // one of former versions was open to all
			return err
		}
	}
	return nil
}

// lock makes sure that no other process runs an agent in this folder: two would take the same containers
// over.
func (f *Folder) lock() error {
	file, err := os.OpenFile(filepath.Join(f.Meta(), "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock work folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	for range 20 { // one that only looks whether it is held lets it go at once
		if err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		file.Close()
		return fmt.Errorf("lock work folder %s: another process runs a cluster there (%w); "+
			"stop it or choose another folder", f.path, err)
	}
	f.locked = file
	return nil
}

// Close unlocks the folder. It may be called twice.
func (f *Folder) Close() {
	f.mu.Lock()
	for _, j := range f.mu.journals {
		_ = j.file.Close()
	}
	clear(f.mu.journals)
	f.mu.Unlock()
	_ = f.locked.Close() // which unlocks it
}

// Meta is the path of the folder of what the agent remembers. Only its owner may enter it.
func (f *Folder) Meta() string { return filepath.Join(f.path, "meta") }

// Read reads a file of what the agent remembers; the error is fs.ErrNotExist when it never was written.
func (f *Folder) Read(name string) ([]byte, error) { return os.ReadFile(filepath.Join(f.Meta(), name)) }

// Write puts a whole file of what the agent remembers in the place of another. It outlives this process, and not a loss
// of power.
func (f *Folder) Write(name string, b []byte) error {
	return durable.ReplaceUnsynced(filepath.Join(f.Meta(), name), b)
}

// SocketDir is the path of the folder in which a container finds its agent's socket.
func (f *Folder) SocketDir(container string) string {
	return filepath.Join(f.Meta(), "sockets", container)
}

func (f *Folder) recordFile(container string) string {
	return filepath.Join(f.Meta(), container+recordSuffix)
}

// has tells whether there is a record of a container.
func (f *Folder) has(container string) bool {
	_, err := os.Stat(f.recordFile(container))
	return err == nil
}

func (f *Folder) pidFile(container string) string {
	return filepath.Join(f.Meta(), container+".pid")
}

// sandbox is the folder of one run of one executor, where Mesos has it.
func (f *Folder) sandbox(e protocol.StartExecutor) string {
	return filepath.Join(f.path, "slaves", string(e.AgentID), "frameworks", e.Framework.ID.Value,
		"executors", e.Executor.ExecutorID.Value, runsFolder, e.Container)
}

// findSandbox finds that of a container of a former life by its name; "" when it is gone.
func (f *Folder) findSandbox(container string) string {
	found, err := fs.Glob(os.DirFS(f.path), path.Join("slaves/*/frameworks/*/executors/*", runsFolder, container))
	if err != nil || len(found) != 1 {
		return ""
	}
	return filepath.Join(f.path, found[0])
}

// runsFolder, in a sandbox's path, is the folder above the one named for its container.
const runsFolder = "runs"
