package executor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/shortage"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// start makes the attempt's folder and starts its process, unless it was killed before.
func (t *attempt) start() (*process, error) {
	if err := shortage.Retry(t.ctx, t.host.conf.Scarce, t.prepare); err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.mu.send = time.AfterFunc(t.host.conf.Settle, crash.Func(func() { t.host.send(t) }))
	t.mu.Unlock()
	if err := t.stageIn(); err != nil {
		return nil, err
	}
	user := t.order.User
	if t.host.conf.Through != nil { // in a pod the executor runs as the trials' user already
		user = ""
	}
	id, err := identify(user)
	if err != nil {
		return nil, err
	}
	if id != nil {
		t.disk.RunsAs(int(id.credential.Uid))
		if err := id.chown(t.host.sandbox, t.host.conf.Sandbox, t.id); err != nil {
			return nil, err
		}
	}
	env, err := t.environment(id)
	if err != nil {
		return nil, err
	}
	what, err := t.host.starter.find(t.ctx, t.host.conf.Answer, &t.order, t.folder(), t.dir, env)
	if err != nil {
		return nil, err
	}
	if err := t.followFiles(); err != nil {
		return nil, err
	}
	var p *process
	err = shortage.Retry(t.ctx, t.host.conf.Scarce, func() (err error) {
		p, err = t.launch(&what, env, id)
		return err
	})
	if err == nil {
		if err = p.awaitStart(t.ctx, t.host.conf.Answer, &what); err != nil {
			t.unlaunch(p)
		}
	}
	if err != nil {
		return nil, t.host.starter.explained(t.ctx, t.host.conf.Answer, &what, err)
	}
	return p, nil
}

// unlaunch leaves a process that has not become the attempt's program. Its end is awaited beside, as it may wait for a
// file system.
func (t *attempt) unlaunch(p *process) {
	t.mu.Lock()
	t.mu.process = nil
	t.mu.Unlock()
	p.signal(unix.SIGKILL)
	crash.Go(func() {
		p.awaitExit()
		t.host.leftovers.follow(p.pid)
		_, _ = p.reap()
		t.limits.end()
		t.limits.release()
	})
}

// followFiles prepares to read files that the trial will write elsewhere than where its executor says: they may lie
// where nothing answers.
func (t *attempt) followFiles() error {
	if err := t.touchFiles(); err != nil {
		return fmt.Errorf("look for its files of metrics: %w", err)
	}
	below := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(t.folder(), name)
	}
	var events *eventFiles
	var text *textFile
	discard := func() {
		events.close()
		text.close()
	}
	// for the look, or for who waits for it: where that one leaves, the second to be done closes what was opened
	var over atomic.Bool
	_, err := proc.Look(t.ctx, t.host.conf.Answer, t, func(at func(string)) (none struct{}) {
		if !over.Load() {
			at(below(t.order.Events))
			events = t.followEvents()
		}
		if !over.Load() {
			at(below(t.order.Prometheus))
			text = t.followTextFile()
		}
		if over.Swap(true) {
			discard()
		}
		return none
	})
	if err != nil {
		if over.Swap(true) {
			discard()
		}
		return fmt.Errorf("look for its files of metrics: %w", err)
	}
	t.sources = []metricSource{newMetricsFile(t)}
	if events != nil {
		t.sources = append(t.sources, events)
	}
	if text != nil {
		t.sources = append(t.sources, text)
	}
	return nil
}

// touchFiles looks whether those paths answer that many attempts may have: all of them wait for one look at each.
func (t *attempt) touchFiles() error {
	type key string
	for _, name := range []string{t.order.Events, t.order.Prometheus} {
		if !filepath.IsAbs(name) {
			continue // below a folder that has answered
		}
		_, err := proc.Look(t.ctx, t.host.conf.Answer, key(name), func(at func(string)) (none struct{}) {
			at(name)
			_, _ = os.Stat(name)
			return none
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// launch starts the process. It holds the lock, so that whoever asks for the processes of attempts sees each, and waits
// for the file systems of what is started, which have just answered.
func (t *attempt) launch(what *program, env []string, id *identity) (*process, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.killed {
		return nil, fmt.Errorf("killed before it started")
	}
	t.limits = t.host.limiter.apply(t.order.Limits)
	if err := t.limits.scarce; err != nil {
		t.limits.release()
		return nil, err
	}
	p, err := t.host.starter.start(what, env, id, t.limits, t.tag)
	if err != nil {
		t.limits.release()
		return nil, err
	}
	t.host.leftovers.lead(p.pid)
	t.mu.process, t.mu.leader = p, p.pid
	t.begin = time.Now()
	if t.order.Timeout > 0 {
		due := t.begin.Add(t.order.Timeout)
		t.mu.limit = time.AfterFunc(t.order.Timeout, crash.Func(func() { t.timeout(time.Since(due)) }))
	}
	return p, nil
}

// prepare makes the folder with what the trial finds in it.
func (t *attempt) prepare() error {
	files := t.files.Load() // not nil: a part of this was done before
	spare := files == nil && t.host.spares.take(t.id)
	if !spare {
		if err := t.host.sandbox.Mkdir(t.id, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make the attempt's folder: %w", err)
		}
	}
	if files == nil {
		var err error
		if files, err = t.host.sandbox.Dir(t.id); err != nil {
			return fmt.Errorf("open the attempt's folder: %w", err)
		}
	}
	t.files.Store(files)
	t.mu.Lock()
	t.spill.Folder = files
	t.mu.Unlock()
	if !spare {
		if err := t.furnish(files); err != nil {
			return err
		}
	}
	for _, f := range t.order.Files {
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("write file %q: its name leads out of the attempt's folder", f.Name)
		}
		err := files.MkdirAll(path.Dir(f.Name), 0o755)
		if err == nil {
			err = files.WriteFile(f.Name, f.Data, 0o644)
		}
		if err != nil {
			return fmt.Errorf("write file %q: %w", f.Name, err)
		}
	}
	return nil
}

// furnish puts into a new folder what every trial finds there.
func (t *attempt) furnish(files *safefile.Dir) error {
	if err := files.Mkdir(artifactsName, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the attempt's folder: %w", err)
	}
	if err := files.WriteFile(controlName, nil, 0o644); err != nil {
		return fmt.Errorf("make the control file: %w", err)
	}
	t.host.spares.learn(files)
	return nil
}
