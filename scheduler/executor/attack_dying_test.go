package executor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// dyingMount is a file system with a folder, /dir, and a program, /train, that answers so many requests and then none, as one of the
// network whose server goes away.
type dyingMount struct {
	dir   string
	left  atomic.Int64
	asked atomic.Int64
	gone  func() // who waits gets an error
}

const trainScript = "#!/bin/sh\necho '{\"a\": 1}'\n"

// Nodes of a dyingMount, and what of the kernel's protocol it needs (linux/fuse.h).
const (
	rootNode, dirNode, trainNode = 1, 2, 3

	fuseLookup, fuseForget, fuseGetattr, fuseOpen, fuseRead, fuseStatfs, fuseRelease = 1, 2, 3, 14, 15, 17, 18
	fuseFlush, fuseInit, fuseOpendir, fuseReaddir, fuseReleasedir                    = 25, 26, 27, 28, 29
	fuseInterrupt, fuseBatchForget                                                   = 36, 42
)

func newDyingMount(t *testing.T, answers int64) *dyingMount {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("needs file systems in user space: %v", err)
	}
	m := &dyingMount{dir: t.TempDir()}
	m.left.Store(answers)
	if err := unix.Mount("kaon-test", m.dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=0", fd, os.Getuid())); err != nil {
		unix.Close(fd)
		t.Skipf("needs to mount file systems: %v", err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); m.serve(fd) }()
	m.gone = sync.OnceFunc(func() {
		if err := unix.Unmount(m.dir, unix.MNT_FORCE|unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
		<-ended
		unix.Close(fd)
	})
	t.Cleanup(m.gone)
	return m
}

func (m *dyingMount) serve(fd int) {
	request := make([]byte, 1<<16)
	for {
		n, err := unix.Read(fd, request)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN || err == unix.ENOENT:
			continue
		case err != nil || n < 40:
			return
		}
		op, unique, node := binary.NativeEndian.Uint32(request[4:]), request[8:16], binary.NativeEndian.Uint64(request[16:])
		if op == fuseForget || op == fuseBatchForget || op == fuseInterrupt {
			continue
		}
		if op != fuseInit {
			m.asked.Add(1)
			if m.left.Add(-1) < 0 {
				continue
			}
		}
		body, errno := m.answer(op, node, request[40:n])
		out := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
		out = binary.NativeEndian.AppendUint32(out, uint32(-int32(errno)))
		_, _ = unix.Write(fd, append(append(out, unique...), body...))
	}
}

func (m *dyingMount) answer(op uint32, node uint64, in []byte) ([]byte, unix.Errno) {
	switch op {
	case fuseInit:
		out := make([]byte, 64)
		binary.NativeEndian.PutUint32(out, 7)
		binary.NativeEndian.PutUint32(out[4:], 31)
		binary.NativeEndian.PutUint32(out[20:], 4096) // of a write
		return out, 0
	case fuseLookup:
		name, _, _ := bytes.Cut(in, []byte{0})
		found := map[string]uint64{"dir": dirNode, "train": trainNode}[string(name)]
		if node != rootNode || found == 0 {
			return nil, unix.ENOENT
		}
		out := make([]byte, 40) // good for no time
		binary.NativeEndian.PutUint64(out, found)
		return append(out, attributes(found)...), 0
	case fuseGetattr:
		return append(make([]byte, 16), attributes(node)...), 0
	case fuseOpen, fuseOpendir:
		return make([]byte, 16), 0
	case fuseRead:
		if offset := binary.NativeEndian.Uint64(in[8:]); offset < uint64(len(trainScript)) {
			return []byte(trainScript)[offset:], 0
		}
		return nil, 0
	case fuseReaddir, fuseRelease, fuseReleasedir, fuseFlush:
		return nil, 0
	case fuseStatfs:
		return make([]byte, 80), 0
	}
	return nil, unix.ENOSYS
}

func attributes(node uint64) []byte {
	out := make([]byte, 88)
	binary.NativeEndian.PutUint64(out, node)
	mode := uint32(unix.S_IFDIR | 0o755)
	if node == trainNode {
		mode = unix.S_IFREG | 0o755
		binary.NativeEndian.PutUint64(out[8:], uint64(len(trainScript)))
	}
	binary.NativeEndian.PutUint32(out[60:], mode)
	binary.NativeEndian.PutUint32(out[64:], 1)
	return out
}

// A file system may die at any moment of a start, after each of the requests of one: an attempt that has not begun fails for that, one that
// has waits as its program does, and no neighbour is held up, not even where the kernel was about to open the program.
func TestAttackFileSystemThatDiesDuringAStart(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.Answer = 3 * time.Second })
	start := func(m *dyingMount, id string) {
		a.launch(id, task.Order{Argv: []string{m.dir + "/train"}, Dir: m.dir + "/dir"})
	}
	healthy := newDyingMount(t, 1<<40)
	start(healthy, "healthy")
	if o := a.finished("healthy"); o.state != mesosapi.TASK_FINISHED || len(o.points) != 1 {
		t.Fatalf("%s %+v", o.state, o.end)
	}
	requests := healthy.asked.Load()
	t.Logf("a start asks for %d things", requests)
	mounts := map[string]*dyingMount{}
	for n := range requests {
		id := fmt.Sprintf("dies.%d", n)
		mounts[id] = newDyingMount(t, n)
		start(mounts[id], id)
	}
	for i := range 10 {
		id := fmt.Sprintf("neighbour.%d", i)
		a.launch(id, task.Order{Shell: `echo '{"a": 1}'`})
		if o := a.finished(id); o.state != mesosapi.TASK_FINISHED || len(o.points) != 1 {
			t.Errorf("%s: %s %q", id, o.state, o.message)
		}
	}
	a.await("a start that is not answered", func() bool {
		return slices.ContainsFunc(a.mu.updates, func(s mesosapi.TaskStatus) bool {
			r, err := task.Decode[task.Report](s.Data)
			return err == nil && r.End != nil && r.End.Unanswered
		})
	})
	a.launch("last", task.Order{Shell: "true"})
	if o := a.finished("last"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("the last: %s %q", o.state, o.message)
	}
	for id, m := range mounts {
		m.gone()
		if o := a.finished(id); o.end.Unanswered && !strings.Contains(o.end.Error, m.dir) {
			t.Errorf("%s: %s %q %+v", id, o.state, o.message, o.end)
		}
	}
}
