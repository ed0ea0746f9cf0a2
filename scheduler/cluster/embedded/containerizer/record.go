package containerizer

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/ugorji/go/codec"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
)

// savedRecord is a Record in a file, or what has changed since the one before: MessagePack around protobuf. Two of
// them are written for every short task, so JSON was a twentieth of all that such a task costs. Its fields are a
// stored format: add, never rename.
type savedRecord struct {
	Container string      `codec:"container"`
	Command   bool        `codec:"command,omitempty"`
	PID       int         `codec:"pid,omitempty"`
	Framework []byte      `codec:"framework"`
	Executor  []byte      `codec:"executor"`
	GPUs      []string    `codec:"gpus,omitempty"`
	Ended     bool        `codec:"ended,omitempty"`
	Tasks     []savedTask `codec:"tasks,omitempty"`

	// Part: it has framework and executor only if they have changed, and of the tasks those that are new or have
	// changed.
	Part bool     `codec:"part,omitempty"`
	Gone []string `codec:"gone,omitempty"` // of Part: ids of tasks that are no more
}

type savedTask struct {
	Info    []byte          `codec:"info,omitempty"` // of Part: only of new ones, as it never changes
	State   mesos.TaskState `codec:"state"`
	Queued  bool            `codec:"queued,omitempty"`
	Last    []byte          `codec:"last,omitempty"` // of Part: only if it has changed
	Pending [][]byte        `codec:"pending,omitempty"`
	ID      string          `codec:"id,omitempty"` // absent in files of former releases
	// of Part: how many of the oldest pending are no more; Pending follow the others
	Acked int `codec:"acked,omitempty"`
}

// saved is what the records of a file come to.
type saved struct {
	framework, executor []byte
	tasks               map[string]*savedState // by id
}

type savedState struct {
	state   mesos.TaskState
	queued  bool
	last    *mesos.TaskStatus
	pending []string // uuids
	round   uint64   // of the record that had it last
}

var msgpack = &codec.MsgpackHandle{WriteExt: true} // which tells bytes from strings

// recorder encodes records; its buffers are used again.
type recorder struct {
	encoder      *codec.Encoder
	body, framed []byte
	round        uint64
}

// encode returns a record in its frame, valid until the next call, and what the file comes to with it. Had is what it
// comes to without, and is used up; nil: the record is to be a whole one.
func (w *recorder) encode(r *protocol.Record, had *saved) ([]byte, *saved, error) {
	var errs []error
	pack := func(m interface{ Marshal() ([]byte, error) }) []byte {
		b, err := m.Marshal()
		errs = append(errs, err)
		return b
	}
	w.round++
	out := savedRecord{Container: r.Container, Command: r.Command, PID: r.PID, GPUs: r.GPUs, Ended: r.Ended,
		Part: had != nil}
	if had == nil {
		had = &saved{tasks: map[string]*savedState{}}
	}
	if framework := pack(&r.Framework); !out.Part || !bytes.Equal(framework, had.framework) {
		out.Framework, had.framework = framework, framework
	}
	if executor := pack(&r.Executor); !out.Part || !bytes.Equal(executor, had.executor) {
		out.Executor, had.executor = executor, executor
	}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		id := t.Info.TaskID.Value
		was := had.tasks[id]
		st := savedTask{ID: id, State: t.State, Queued: t.Queued}
		if was == nil {
			was = &savedState{}
			had.tasks[id] = was
			st.Info = pack(&t.Info)
		}
		was.round = w.round
		var added []mesos.TaskStatus
		st.Acked, added = was.news(t.Pending)
		if st.Info == nil && st.Acked == 0 && len(added) == 0 && was.state == t.State && was.queued == t.Queued &&
			was.last == t.Last {
			continue
		}
		if t.Last != nil && t.Last != was.last {
			st.Last = pack(t.Last)
		}
		was.pending = slices.Delete(was.pending, 0, st.Acked)
		for j := range added {
			st.Pending = append(st.Pending, pack(&added[j]))
			was.pending = append(was.pending, string(added[j].UUID))
		}
		was.state, was.queued, was.last = t.State, t.Queued, t.Last
		out.Tasks = append(out.Tasks, st)
	}
	if len(had.tasks) > len(r.Tasks) {
		for id, was := range had.tasks {
			if was.round != w.round {
				delete(had.tasks, id)
				out.Gone = append(out.Gone, id)
			}
		}
		slices.Sort(out.Gone)
	}
	w.body = w.body[:0]
	if w.encoder == nil {
		w.encoder = codec.NewEncoderBytes(&w.body, msgpack)
	} else {
		w.encoder.ResetBytes(&w.body)
	}
	errs = append(errs, w.encoder.Encode(&out))
	w.framed = recordio.Append(w.framed[:0], w.body)
	return w.framed, had, errors.Join(errs...)
}

// news is how many of the oldest updates are no more, and which were added.
func (s *savedState) news(pending []mesos.TaskStatus) (acked int, added []mesos.TaskStatus) {
	acked = len(s.pending)
	if len(pending) > 0 {
		if at := slices.Index(s.pending, string(pending[0].UUID)); at >= 0 {
			acked = at
		}
	}
	stay := len(s.pending) - acked
	if stay > len(pending) || stay > 0 && string(pending[stay-1].UUID) != s.pending[len(s.pending)-1] {
		return len(s.pending), pending // they are others
	}
	return acked, pending[stay:]
}

// add takes the record to what it and the next come to.
func (in *savedRecord) add(next *savedRecord) error {
	if !next.Part {
		*in = *next
		return nil
	}
	in.Container, in.Command, in.PID, in.GPUs, in.Ended = next.Container, next.Command, next.PID, next.GPUs, next.Ended
	if next.Framework != nil {
		in.Framework = next.Framework
	}
	if next.Executor != nil {
		in.Executor = next.Executor
	}
	in.Tasks = slices.DeleteFunc(in.Tasks, func(t savedTask) bool { return slices.Contains(next.Gone, t.ID) })
	for _, t := range next.Tasks {
		at := slices.IndexFunc(in.Tasks, func(had savedTask) bool { return had.ID == t.ID })
		if at < 0 {
			in.Tasks = append(in.Tasks, t)
			continue
		}
		had := &in.Tasks[at]
		if t.Acked > len(had.Pending) {
			return fmt.Errorf("of task %s %d updates are gone, and there were %d", t.ID, t.Acked, len(had.Pending))
		}
		had.State, had.Queued, had.Pending = t.State, t.Queued, append(had.Pending[t.Acked:], t.Pending...)
		if t.Last != nil {
			had.Last = t.Last
		}
	}
	return nil
}

// decodeRecords reads what the records of a file come to that were written completely: a crash may have cut the last.
func decodeRecords(b []byte) (protocol.Record, error) {
	var all savedRecord
	count := 0
	for in := recordio.NewReader(bytes.NewReader(b), len(b)); ; count++ {
		body, err := in.Read()
		if err != nil {
			break
		}
		var next savedRecord
		if err := codec.NewDecoderBytes(bytes.Clone(body), msgpack).Decode(&next); err != nil {
			return protocol.Record{}, err
		}
		if err := all.add(&next); err != nil {
			return protocol.Record{}, err
		}
	}
	if count == 0 {
		return protocol.Record{}, errors.New("it has no whole record")
	}
	return all.record()
}

func (in *savedRecord) record() (protocol.Record, error) {
	r := protocol.Record{Container: in.Container, Command: in.Command, PID: in.PID, GPUs: in.GPUs, Ended: in.Ended}
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
