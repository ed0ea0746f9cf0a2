package executor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/relay"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// process is a trial's program: the leader of its own session and process group.
type process struct {
	pid    int
	handle *os.File // pidfd; nil where the kernel has none
	stdout *os.File // the reading ends of its pipes
	stderr *os.File
	report *os.File // of the relay that is to become the program; nil: it is the program
}

// starter starts the processes of all attempts.
type starter struct {
	null  *os.File // standard input of every trial
	paths pathCache
}

// program is what is started: a file, with its arguments, in a folder.
type program struct {
	file string
	argv []string
	dir  string
	far  bool // on a file system that may not answer: it is started by a relay
}

// find finds the program of an order in the folder where it starts; folder is the attempt's. Of what does not answer
// within patience the error is a *proc.UnansweredError. Its error is for people.
func (s *starter) find(
	ctx context.Context, patience time.Duration, o *task.Order, dir, folder string, env []string,
) (program, error) {
	argv := make([]string, 0, max(len(o.Argv), 3))
	for _, a := range o.Argv {
		argv = append(argv, expandFolder(a, folder))
	}
	if o.Shell != "" {
		argv = []string{"/bin/sh", "-c", expandFolder(o.Shell, folder)}
	}
	if len(argv) == 0 || argv[0] == "" {
		return program{}, errors.New("the order has no command")
	}
	type place struct {
		file string
		far  bool
		err  error
	}
	type key struct {
		s               *starter
		dir, name, path string
	}
	path := pathOf(env)
	got, err := proc.Look(ctx, patience, key{s, dir, argv[0], path}, func(at func(string)) (p place) {
		if p.file, p.err = s.paths.find(at, argv[0], path); p.err == nil {
			p.far = proc.Touch(at, dir, p.file)
		}
		return p
	})
	if err != nil {
		return program{}, fmt.Errorf("start %q: %w", argv[0], err)
	}
	return program{got.file, argv, dir, got.far}, got.err
}

// startError is why the kernel did not start a program.
type startError struct{ error }

func (e startError) Unwrap() error { return e.error }

// start starts a program with env as id, or when that is nil as the executor's own user, within its limits. It waits
// for no file system but those of programs that are not far. An error of the kernel's is a startError.
func (s *starter) start(what *program, env []string, id *identity, limits *limit, tag proc.Tag) (*process, error) {
	file, argv, dir := what.file, what.argv, what.dir
	out, outChild, err := pipe()
	if err != nil {
		return nil, err
	}
	errs, errsChild, err := pipe()
	if err != nil {
		out.Close()
		unix.Close(outChild)
		return nil, err
	}
	folder, files := dir, []uintptr{s.null.Fd(), uintptr(outChild), uintptr(errsChild)}
	var report *os.File
	if what.far {
		var reportChild int
		if report, reportChild, err = pipe(); err != nil {
			for _, end := range []*os.File{out, errs} {
				end.Close()
			}
			unix.Close(outChild)
			unix.Close(errsChild)
			return nil, err
		}
		defer unix.Close(reportChild)
		folder, files = "/", append(files, uintptr(reportChild)) // it becomes relay.ReportFile
		file, argv = relay.Self, relay.Argv(dir, file, argv)
	}
	pidfd := -1
	// The kernel kills the trial when the executor dies; a new session has a process group of its own.
	sys := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL, PidFD: &pidfd}
	if id != nil {
		sys.Credential = id.credential
	}
	attr := &syscall.ProcAttr{Dir: folder, Env: env, Sys: sys, Files: files}
	pid, err := limits.start(sys, tag, func() (int, error) { return forkExec(tag, file, argv, attr) })
	unix.Close(outChild)
	unix.Close(errsChild)
	if err != nil {
		out.Close()
		errs.Close()
		if report != nil {
			report.Close()
		}
		return nil, startError{err}
	}
	preferToKill(pid)
	p := &process{pid: pid, stdout: out, stderr: errs, report: report}
	if pidfd >= 0 && unix.SetNonblock(pidfd, true) == nil {
		p.handle = os.NewFile(uintptr(pidfd), "pidfd")
	}
	return p, nil
}

// morePreferred is by how much the kernel prefers a trial's processes to their executor when it has no memory left, in
// thousandths of all memory: what an executor may be larger than one of them. With more, small trials would be killed
// for a large process of somebody else.
const morePreferred = 20

// preferToKill has the kernel kill a trial, and what it starts, rather than an executor of like size with all its
// trials.
func preferToKill(pid int) {
	own, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return
	}
	score, err := strconv.Atoi(strings.TrimSpace(string(own)))
	if err != nil {
		return
	}
	// Not where the kernel has none: then it is as it was.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid),
		[]byte(strconv.Itoa(min(score+morePreferred, 1000))), 0)
}

// forkExec starts a program that carries a tag.
func forkExec(tag proc.Tag, file string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	err = proc.Start(func() error {
		pid, err = proc.WithTag(tag, func() (int, error) { return syscall.ForkExec(file, argv, attr) })
		return err
	})
	return pid, err
}

// pipe returns a reading end that the runtime polls and a writing end that blocks, as programs expect of
// their standard output.
func pipe() (*os.File, int, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, 0, fmt.Errorf("make a pipe: %w", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return nil, 0, fmt.Errorf("make a pipe: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "pipe"), fds[1], nil
}

// awaitStart waits until a relay has become the program, and at the most patience: then the error is a
// *proc.UnansweredError. That of the kernel is a startError. No lock may be held.
func (p *process) awaitStart(ctx context.Context, patience time.Duration, what *program) error {
	if p.report == nil {
		return nil
	}
	defer p.report.Close()
	_ = p.report.SetReadDeadline(time.Now().Add(patience))
	unhook := context.AfterFunc(ctx, crash.Func(func() { _ = p.report.SetReadDeadline(time.Now()) }))
	defer unhook()
	in, err := relay.Await(p.report)
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &errno):
		return startError{errno}
	case ctx.Err() != nil:
		return ctx.Err()
	case in:
		return fmt.Errorf("start %q: %w", what.argv[0], &proc.UnansweredError{Path: what.file, Waited: patience})
	}
	return fmt.Errorf("start %q: %w", what.argv[0], &proc.UnansweredError{Path: what.dir, Waited: patience})
}

// explained is an error for people: a startError is explained, by looks at what was to be started that may take
// patience.
func (s *starter) explained(ctx context.Context, patience time.Duration, what *program, err error) error {
	var failed startError
	if !errors.As(err, &failed) {
		return err
	}
	type key struct {
		file, name, dir string
		err             error
	}
	why, looked := proc.Look(ctx, patience, key{what.file, what.argv[0], what.dir, failed.error},
		func(at func(string)) error {
			at(what.dir)
			return explain(what.file, what.argv[0], what.dir, failed.error)
		})
	if looked != nil {
		return fmt.Errorf("start %q: %w", what.argv[0], looked)
	}
	return why
}

// explain says why a program could not be started; the kernel's own words often blame the wrong file.
func explain(file, name, dir string, err error) error {
	if info, dirErr := os.Stat(dir); dirErr != nil || !info.IsDir() {
		return fmt.Errorf("start %q: working directory %q does not exist on this agent", name, dir)
	}
	full := file
	if !filepath.IsAbs(full) {
		full = filepath.Join(dir, file)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, statErr := os.Stat(full); statErr == nil {
			return fmt.Errorf("start %q: %s exists, but its interpreter does not: "+
				"look at its first line, or at the libraries it is linked with", name, full)
		}
		return fmt.Errorf("start %q: no such program: %s", name, full)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("start %q: permission denied: is %s executable (chmod +x)?", name, full)
	case errors.Is(err, unix.ENOEXEC):
		return fmt.Errorf("start %q: %s is no program for this machine: "+
			"a script needs a first line like #!/bin/sh", name, full)
	case errors.Is(err, unix.E2BIG):
		return fmt.Errorf("start %q: arguments and environment are too long", name)
	}
	return fmt.Errorf("start %q: %w", name, err)
}

// awaitExit waits until the process has ended, without reaping it: until reap its id is nobody else's.
// Waiting in the poller keeps the thread free; a blocking wait of two trials on two cores would hold up
// everything else until the runtime noticed, for up to 10 ms.
func (p *process) awaitExit() {
	if p.handle != nil {
		if conn, err := p.handle.SyscallConn(); err == nil {
			err = conn.Read(func(uintptr) bool { return p.ended(unix.WNOHANG) })
			if err == nil {
				return
			}
		}
	}
	p.ended(0)
}

// ended asks for the end of the process, or with no flags waits for it.
func (p *process) ended(flags int) bool {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, p.pid, &info, unix.WEXITED|unix.WNOWAIT|flags, nil)
		if err != unix.EINTR {
			return err != nil || info.Signo != 0
		}
	}
}

// reap takes the wait status of a process that has ended, and gives its files back.
func (p *process) reap() (unix.WaitStatus, error) {
	p.stdout.Close()
	p.stderr.Close()
	if p.handle != nil {
		p.handle.Close()
	}
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(p.pid, &status, 0, nil)
		if err != unix.EINTR {
			return status, err
		}
	}
}

// signal sends sig to the whole process group. The group exists until reap.
func (p *process) signal(sig unix.Signal) { _ = unix.Kill(-p.pid, sig) }

// expandFolder puts an attempt's folder in the place of task.Folder.
func expandFolder(text, dir string) string { return strings.ReplaceAll(text, task.Folder, dir) }
