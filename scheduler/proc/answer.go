package proc

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// UnansweredError tells that a file system did not answer, as one of the network whose server is away.
type UnansweredError struct {
	Path   string // that was looked at; empty: too many other looks got no answer
	Waited time.Duration
}

func (e *UnansweredError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("it could not be looked within %v whether the program is there: too many other files "+
			"of this machine do not answer", e.Waited)
	}
	return fmt.Sprintf("%s does not answer within %v: look whether its file system is mounted and its server is there",
		e.Path, e.Waited)
}

// mostLooks is how many looks may be under way: each takes a thread for as long as its file system does not answer.
const mostLooks = 64

// looks are those that are under way, by their keys.
var looks = struct {
	mu    sync.Mutex
	all   map[any]*look
	rooms chan struct{}
}{all: map[any]*look{}, rooms: make(chan struct{}, mostLooks)}

type look struct {
	done  chan struct{}
	value any // when done is closed

	mu sync.Mutex
	at string // what it looks at now
}

func (l *look) path() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at
}

// Look has f look at files that may not answer, and waits for it: at the most patience, then the error is an
// *UnansweredError with the path that f gave to at before it looked there. f goes on as long as it takes, beside, so it
// must change nothing; who asks meanwhile with the same key, which is of a type of the caller's own, waits for the same
// look. No lock may be held.
func Look[T any](
	ctx context.Context, patience time.Duration, key any, f func(at func(path string)) T,
) (value T, err error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	looks.mu.Lock()
	l := looks.all[key]
	if l == nil {
		l = &look{done: make(chan struct{})}
		looks.all[key] = l
		crash.Go(func() {
			looks.rooms <- struct{}{}
			l.value = f(func(path string) {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.at = path
			})
			<-looks.rooms
			looks.mu.Lock()
			delete(looks.all, key)
			looks.mu.Unlock()
			close(l.done)
		})
	}
	looks.mu.Unlock()
	select {
	case <-l.done:
		return l.value.(T), nil
	case <-ctx.Done():
		return value, ctx.Err()
	case <-timer.C:
	}
	return value, &UnansweredError{l.path(), patience}
}

// Touch looks at what a program is started with, the folder and its file, for no other purpose than that their file
// systems answer: who starts one holds up all others of the process, and the collector of garbage, until the kernel has
// both. What else is wrong with them the start tells. It is for Look. It answers whether one of them is Far, so that
// the look may be worth nothing a moment later. What is far is not opened: an open file is inherited by all that is
// started meanwhile, and to close it there may ask its file system.
func Touch(at func(path string), dir, file string) (far bool) {
	at(dir)
	far = Far(dir)
	if !filepath.IsAbs(file) {
		file = dir + "/" + file
	}
	for range mostInterpreters {
		if at(file); Far(file) {
			return true
		}
		if file = interpreter(at, file); file == "" {
			break
		}
	}
	return far
}

// Answers looks whether what a program is started with answers within patience: the folder, and its file in it. Else
// the error is an *UnansweredError.
func Answers(ctx context.Context, patience time.Duration, dir, file string) error {
	type key struct{ dir, file string }
	_, err := Look(ctx, patience, key{dir, file}, func(at func(string)) (none struct{}) {
		Touch(at, dir, file)
		return none
	})
	return err
}

// mostInterpreters is how many scripts may be each other's interpreters, the kernel's own bound and the program at its
// end.
const mostInterpreters = 6

// interpreter opens a program and gives that of a script; "": it is none.
func interpreter(at func(path string), file string) string {
	at(file)
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	fd, err := OpenPlain(file)
	for err == unix.EAGAIN { // somebody has a lease of it, until the kernel ends that
		time.Sleep(leaseWait)
		fd, err = OpenPlain(file)
	}
	if err != nil { // it may be executed all the same
		return ""
	}
	defer unix.Close(fd)
	var head [256]byte // what the kernel reads
	n := 0
	_ = again(func() (err error) {
		n, err = unix.Read(fd, head[:])
		return err
	})
	n = max(n, 0)
	line, script := bytes.CutPrefix(head[:n], []byte("#!"))
	if !script {
		return ""
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) == 0 || !filepath.IsAbs(words[0]) {
		return ""
	}
	return words[0]
}

// OpenPlain opens a file to read, and waits for no pipe that took its place. The runtime's poller is not told of it, as
// os.Open does: that asks a process which has the file system, and all the poller waits for until it answers.
func OpenPlain(path string) (fd int, err error) {
	err = again(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		return err
	})
	return fd, err
}

// leaseWait is between looks at a file of which somebody has a lease, as other hosts have through a file server.
const leaseWait = 20 * time.Millisecond
