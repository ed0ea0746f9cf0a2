package containerizer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// process is a started program, which leads a session of its own, so that all it starts can be found again.
type process struct {
	pid  int
	done chan syscall.WaitStatus // capacity 1: the end, once
}

// startProcess runs a command in a sandbox; its output is appended to the files stdout and stderr there. The
// goroutine that waits for the program is the only one that Close does not wait for: the program survives
// this process on purpose.
func startProcess(command *mesos.CommandInfo, dir string, env []string) (*process, error) {
	name, argv := commandLine(command)
	if name == "" {
		return nil, fmt.Errorf("no command given")
	}
	prepared := exec.Cmd{Args: argv, Dir: dir, Env: env, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if prepared.Path = name; !strings.Contains(name, "/") {
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, err
		}
		prepared.Path = path
	} else if !filepath.IsAbs(name) {
		prepared.Path = filepath.Join(dir, name)
	}
	for _, out := range []string{"stdout", "stderr"} {
		f, err := openOutput(dir, out)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if out == "stdout" {
			prepared.Stdout = f
		} else {
			prepared.Stderr = f
		}
	}
	var cmd *exec.Cmd // of one try: a Cmd cannot be used again
	err := proc.Start(func() error {
		try := prepared
		cmd = &try
		return cmd.Start()
	})
	if err != nil {
		return nil, err
	}
	p := &process{pid: cmd.Process.Pid, done: make(chan syscall.WaitStatus, 1)}
	crash.Go(func() {
		_ = cmd.Wait() // its error only repeats the wait status
		p.done <- cmd.ProcessState.Sys().(syscall.WaitStatus)
	})
	return p, nil
}

// openOutput opens a file of a sandbox to append what a command or container prints. What the command may
// have put there that is no file of its own (a link to somebody else's, a pipe) is taken away.
func openOutput(sandbox, name string) (*os.File, error) {
	dir, err := safefile.OpenDir(sandbox)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	f, err := dir.Append(name, 0o644)
	if errors.Is(err, safefile.ErrRefused) {
		return dir.Create(name, 0o644)
	}
	return f, err
}

// commandLine returns program and arguments: a shell command goes to sh -c, otherwise value is the program
// and arguments are all of argv, the zeroth included.
func commandLine(c *mesos.CommandInfo) (string, []string) {
	if c.GetShell() {
		return "/bin/sh", []string{"sh", "-c", c.GetValue()}
	}
	argv := c.GetArguments()
	if len(argv) == 0 {
		argv = []string{c.GetValue()}
	}
	return c.GetValue(), argv
}

// signalTree sends a signal to a process, its group, and everything else in its session.
func signalTree(pid int, sig syscall.Signal) {
	_ = syscall.Kill(-pid, sig) // the group may be gone already
	for _, s := range proc.Session(pid) {
		if s.PID != pid {
			_ = syscall.Kill(s.PID, sig)
		}
	}
}

// killTree kills a process and everything in its session, also what is forked meanwhile.
func killTree(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	proc.KillAll(proc.KillPatience, func() []proc.Stat { return proc.Session(pid) })
}

// killEscaped kills what a container's executor started in sessions of their own, as it does with trials.
// They are known by what agent and executor put into their environment, which names the sandbox, or by their
// tag, and are younger than the executor. A shell in which somebody looks at the sandbox names it, too, in PWD.
func killEscaped(container, sandbox string, executor int) {
	inside, tag := "/"+runsFolder+"/"+container, proc.TagOf(sandbox, 0)
	ours := func(v string) bool {
		return (strings.HasPrefix(v, "MESOS_") || strings.HasPrefix(v, "KAON_")) && strings.Contains(v, inside)
	}
	proc.KillAll(proc.KillPatience, func() (out []proc.Stat) {
		for _, s := range proc.All(proc.FirstSince(executor)) {
			if s.PID != os.Getpid() &&
				(sandbox != "" && proc.TagFrom(s.PID).SameOwner(tag) ||
					slices.ContainsFunc(proc.Environ(s.PID), ours)) {
				out = append(out, s)
			}
		}
		return out
	})
}

// waitNonChild waits for the end of a process that is not our child, whose wait status cannot be read; false
// when ctx ended first.
func waitNonChild(ctx context.Context, pid int) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return true // gone already
	}
	defer unix.Close(fd)
	for ctx.Err() == nil {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 200)
		if n > 0 || err != nil && err != unix.EINTR {
			return true
		}
	}
	return false
}

func (p *process) ends() <-chan syscall.WaitStatus { return p.done }

func (p *process) signal(sig syscall.Signal) { signalTree(p.pid, sig) }

func (p *process) destroy() { killTree(p.pid) }
