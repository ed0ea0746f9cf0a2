package containerizer

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/ugorji/go/codec"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
)

// What an agent writes down lies in <work>/<agent>/meta: "id" with its agent id, "address" and "lock", one
// <container>.state per container, and one <container>.pid with its process. A container's state is appended
// as one record by one write, and the last whole record counts: that is what survives SIGKILL at any moment
// for the price of one system call. Nothing is synced to disk: no container would survive the machine's death
// either.

// savedRecord is a Record in a file: MessagePack around protobuf. Two of them are written for every short
// task, so JSON was a twentieth of all that such a task costs. Its fields are a stored format: add, never
// rename.
type savedRecord struct {
	Container string      `codec:"container"`
	Command   bool        `codec:"command,omitempty"`
	PID       int         `codec:"pid,omitempty"`
	Framework []byte      `codec:"framework"`
	Executor  []byte      `codec:"executor"`
	GPUs      []string    `codec:"gpus,omitempty"`
	Ended     bool        `codec:"ended,omitempty"`
	Tasks     []savedTask `codec:"tasks,omitempty"`
}

type savedTask struct {
	Info    []byte          `codec:"info"`
	State   mesos.TaskState `codec:"state"`
	Queued  bool            `codec:"queued,omitempty"`
	Last    []byte          `codec:"last,omitempty"`
	Pending [][]byte        `codec:"pending,omitempty"`
}

var msgpack = &codec.MsgpackHandle{WriteExt: true} // which tells bytes from strings

// recorder encodes records; its buffers are used again.
type recorder struct {
	encoder      *codec.Encoder
	body, framed []byte
}

// encode returns a record in its frame, valid until the next call.
func (w *recorder) encode(r *protocol.Record) ([]byte, error) {
	var errs []error
	pack := func(m interface{ Marshal() ([]byte, error) }) []byte {
		b, err := m.Marshal()
		errs = append(errs, err)
		return b
	}
	out := savedRecord{
		Container: r.Container, Command: r.Command, PID: r.PID, GPUs: r.GPUs, Ended: r.Ended,
		Framework: pack(&r.Framework), Executor: pack(&r.Executor),
	}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		st := savedTask{Info: pack(&t.Info), State: t.State, Queued: t.Queued}
		if t.Last != nil {
			st.Last = pack(t.Last)
		}
		for j := range t.Pending {
			st.Pending = append(st.Pending, pack(&t.Pending[j]))
		}
		out.Tasks = append(out.Tasks, st)
	}
	w.body = w.body[:0]
	if w.encoder == nil {
		w.encoder = codec.NewEncoderBytes(&w.body, msgpack)
	} else {
		w.encoder.ResetBytes(&w.body)
	}
	errs = append(errs, w.encoder.Encode(&out))
	w.framed = recordio.Append(w.framed[:0], w.body)
	return w.framed, errors.Join(errs...)
}

func decodeRecord(b []byte) (protocol.Record, error) {
	var in savedRecord
	if err := codec.NewDecoderBytes(b, msgpack).Decode(&in); err != nil {
		return protocol.Record{}, err
	}
	r := protocol.Record{Container: in.Container, Command: in.Command, PID: in.PID, GPUs: in.GPUs,
		Ended: in.Ended}
	errs := []error{r.Framework.Unmarshal(in.Framework), r.Executor.Unmarshal(in.Executor)}
	for _, st := range in.Tasks {
		t := protocol.TaskRecord{State: st.State, Queued: st.Queued}
		errs = append(errs, t.Info.Unmarshal(st.Info))
		if st.Last != nil {
			t.Last = &mesos.TaskStatus{}
			errs = append(errs, t.Last.Unmarshal(st.Last))
		}
		for _, p := range st.Pending {
			var s mesos.TaskStatus
			errs = append(errs, s.Unmarshal(p))
			t.Pending = append(t.Pending, s)
		}
		r.Tasks = append(r.Tasks, t)
	}
	return r, errors.Join(errs...)
}

// journal is the open file of one container's records.
type journal struct {
	file *os.File
	size int
}

// journalMax is how long a container's file grows before it is begun anew: long enough that this is rare,
// short enough to be read in no time.
const journalMax = 1 << 20

// Save writes a container's state down. When the disk refuses it, this container cannot be taken over after a
// crash; its work goes on.
func (f *Folder) Save(r *protocol.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.mu.recorder.encode(r)
	if err == nil {
		err = f.append(r.Container, b)
	}
	if err != nil && !f.mu.unsaved { // a full disk refuses every record until there is room
		f.log.Error("container not checkpointed", "folder", f.path, "container", r.Container, "err", err)
	}
	f.mu.unsaved = err != nil
}

func (f *Folder) append(container string, record []byte) error {
	j := f.mu.journals[container]
	if j == nil || j.size > journalMax {
		if err := replaceFile(f.recordFile(container), record); err != nil {
			return err
		}
		file, err := os.OpenFile(f.recordFile(container), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		if j != nil {
			err = j.file.Close()
		}
		f.mu.journals[container] = &journal{file, len(record)}
		return err
	}
	j.size += len(record)
	_, err := j.file.Write(record)
	if err != nil { // half of it may be there, and hide what comes after it: the next one begins anew
		j.size = journalMax + 1
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
	names, err := filepath.Glob(filepath.Join(f.Meta(), "*"+recordSuffix))
	if err != nil {
		return "", nil, err
	}
	slices.Sort(names)
	var records []protocol.Record
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", nil, err
		}
		r, err := decodeRecord(lastRecord(b))
		if err != nil {
			container := strings.TrimSuffix(filepath.Base(name), recordSuffix)
			f.log.Warn("a container's checkpoint cannot be read; what is left of the container ends", "file", name, "err", err)
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

// lastRecord returns the last record that was written completely: a crash may have cut one.
func lastRecord(b []byte) []byte {
	var last []byte
	for in := recordio.NewReader(bytes.NewReader(b), len(b)); ; {
		r, err := in.Read()
		if err != nil {
			return last
		}
		last = append(last[:0], r...)
	}
}
