package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// adoptOrphans has what programs leave behind become children of this process, so that the time they took is known.
func adoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt what programs leave behind: %w", err)
	}
	return nil
}

// orphanGrace is for how long what a program left behind may end by itself: daemons that were told to.
const orphanGrace = 5 * time.Second

// run times a program, and takes the time on processors of it and all that it started; its error carries what it said.
func run(cmd *exec.Cmd) (seconds, cpu float64, err error) {
	before, began := childrenCPU(), time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, errors.Join(fmt.Errorf("run %s: %w\n%s", strings.Join(cmd.Args, " "), err, out), reap())
	}
	seconds = time.Since(began).Seconds()
	if err := reap(); err != nil {
		return 0, 0, err
	}
	return seconds, (childrenCPU() - before).Seconds(), nil
}

// childrenCPU is the time of all children that were waited for, and of theirs.
func childrenCPU() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_CHILDREN, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reap waits for what a program left behind, and after a grace kills it. No other child may be there.
func reap() error {
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		for err == nil && pid > 0 {
			pid, err = unix.Wait4(-1, nil, unix.WNOHANG, nil)
		}
		switch {
		case errors.Is(err, unix.ECHILD):
			return nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("wait for what was left behind: %w", err)
		case time.Since(began) > 2*orphanGrace:
			return errors.New("wait for what was left behind: it does not end")
		case time.Since(began) > orphanGrace:
			for _, s := range proc.All(1) {
				if s.Parent == os.Getpid() {
					_ = unix.Kill(s.PID, unix.SIGKILL)
				}
			}
		}
	}
}

// onDisk is what a folder takes, as du counts it.
func onDisk(folder string) (bytes int64, err error) {
	err = filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var s unix.Stat_t
		if err := unix.Lstat(path, &s); err != nil {
			return err
		}
		bytes += s.Blocks * 512
		return nil
	})
	return bytes, err
}
