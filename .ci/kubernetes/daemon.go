package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// daemon is a program that runs until it is stopped: one that ends before is started again, as a node's init does.
type daemon struct {
	name string
	argv []string
	log  string
	pid  string // file
	wait sync.WaitGroup

	mu       sync.Mutex
	cmd      *exec.Cmd
	stopping bool
	failed   int // ends within a second of the start, in a row
}

func (d *daemon) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return nil
	}
	out, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	c := exec.Command(d.argv[0], d.argv[1:]...)
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // ^C is for the command; these end after it
	if err := c.Start(); err != nil {
		return fmt.Errorf("start %s: %w", d.name, err)
	}
	d.cmd = c
	begun := time.Now()
	d.wait.Add(1)
	go func() {
		defer d.wait.Done()
		_ = c.Wait()
		d.mu.Lock()
		if d.failed++; time.Since(begun) > 5*time.Second {
			d.failed = 0
		}
		again := !d.stopping && d.failed < 5
		d.mu.Unlock()
		if again {
			time.Sleep(500 * time.Millisecond)
			_ = d.begin()
		}
	}()
	return os.WriteFile(d.pid, []byte(strconv.Itoa(c.Process.Pid)), 0o644)
}

func (d *daemon) stop() {
	d.mu.Lock()
	d.stopping = true
	c := d.cmd
	d.mu.Unlock()
	if c == nil {
		return
	}
	_ = c.Process.Signal(syscall.SIGTERM)
	ended := make(chan struct{})
	go func() { d.wait.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(closePatience):
		_ = c.Process.Kill()
		<-ended
	}
	_ = os.Remove(d.pid)
}

// dead says whether it will not come up any more.
func (d *daemon) dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failed >= 5
}

// last is the end of its log.
func (d *daemon) last() string {
	text, _ := os.ReadFile(d.log)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}

// await waits until try succeeds, and says of what the daemon complains when it does not.
func (d *daemon) await(patience time.Duration, try func() error) error {
	err := errors.New("not tried")
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		if err = try(); err == nil {
			return nil
		}
		if d.dead() {
			break
		}
	}
	return fmt.Errorf("%s does not come up: %w\n%s", d.name, err, d.last())
}
