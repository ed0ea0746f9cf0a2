package containerizer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// What an agent writes down lies in <work>/<agent>/meta: "id" with its agent id, "address" and "lock", one
// <container>.state per container, and one <container>.pid with its process. What has changed of a container's
// state is appended as one record by one write, and what the whole records come to counts: that is what survives
// SIGKILL at any moment for the price of one system call, whatever the container owes already. Nothing is synced
// to disk: no container would survive the machine's death either.

// journal is the open file of one container's records.
type journal struct {
	file  *os.File
	size  int
	whole int    // bytes of the record that it begins with
	kept  *saved // what the records come to; nil: the next begins the file anew
}

// journalMax is how long a container's file grows before it is begun anew: long enough that this is rare,
// short enough to be read in no time. One that begins with a long record grows to its double at least, so that
// all records together take at most some times the room of what changed.
const journalMax = 1 << 20

// full tells whether the file is to be begun anew.
func (j *journal) full() bool { return j.kept == nil || j.size > max(journalMax, 2*j.whole) }

// Save writes a container's state down. When the disk refuses it, which is logged, this container cannot be taken
// over after a crash as it is now; its work goes on.
func (f *Folder) Save(r *protocol.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.append(r)
	if err != nil && !f.mu.unsaved { // a full disk refuses every record until there is room
		f.log.Error("container not checkpointed", "folder", f.path, "container", r.Container, "err", err)
	}
	f.mu.unsaved = err != nil
	return err
}

func (f *Folder) append(r *protocol.Record) error {
	j := f.mu.journals[r.Container]
	if j == nil || j.full() {
		record, kept, err := f.mu.recorder.encode(r, nil)
		if err != nil {
			return err
		}
		if err := durable.ReplaceUnsynced(f.recordFile(r.Container), record); err != nil {
			return err
		}
		file, err := os.OpenFile(f.recordFile(r.Container), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		if j != nil {
			err = j.file.Close()
		}
		f.mu.journals[r.Container] = &journal{file, len(record), len(record), kept}
		return err
	}
	record, kept, err := f.mu.recorder.encode(r, j.kept)
	if err == nil {
		_, err = j.file.Write(record)
	}
	j.size += len(record)
	if j.kept = kept; err != nil { // half of it may be there, and hide what comes after it: the next one begins anew
		j.kept = nil
	}
	return err
}

// Forget removes a container's state.
func (f *Folder) Forget(container string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if j := f.mu.journals[container]; j != nil {
		_ = j.file.Close() // nothing in it is wanted any more
		delete(f.mu.journals, container)
	}
	_ = os.Remove(f.recordFile(container)) // not there when every save failed
}

// SaveID writes the agent's id down.
func (f *Folder) SaveID(id protocol.AgentID) {
	if err := f.Write("id", []byte(id)); err != nil {
		f.log.Error("agent id not checkpointed", "folder", f.path, "err", err)
	}
}

// Load reads the agent's id and records; no id means that it never was in a cluster. A record that cannot be
// read, as a power failure may leave one that had just begun, is dropped with what its container has left.
func (f *Folder) Load() (protocol.AgentID, []protocol.Record, error) {
	id, err := f.Read("id")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	files, err := os.ReadDir(f.Meta()) // no pattern: somebody else named the folders above
	if err != nil {
		return "", nil, err
	}
	var records []protocol.Record
	for _, file := range files {
		container, is := strings.CutSuffix(file.Name(), recordSuffix)
		if !is {
			continue
		}
		name := f.recordFile(container)
		b, err := os.ReadFile(name)
		if err != nil {
			return "", nil, err
		}
		r, err := decodeRecords(b)
		if err != nil {
			f.log.Warn("a container's checkpoint cannot be read; what is left of the container ends", "file",
				name, "err", err)
			killEscaped(container, f.findSandbox(container), 1)
			if err := os.Remove(name); err != nil {
				return "", nil, fmt.Errorf("remove a checkpoint that cannot be read: %w", err)
			}
			continue
		}
		records = append(records, r)
	}
	return protocol.AgentID(strings.TrimSpace(string(id))), records, nil
}
