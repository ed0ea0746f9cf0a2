package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/executor/disk"
	"github.com/kaon-sweep/kaon/scheduler/executor/mlflow"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// credentialsFile is what a Docker containerizer pulled the image with. It has done so, and trials need not
// read it.
const credentialsFile = ".docker/config.json"

// Run is an executor: it subscribes to the agent, runs the tasks it is given, many at a time, and returns
// when it was told to shut down (nil), was idle for Config.Idle (nil), when ctx ended (nil, after killing
// what ran), or when the agent was gone for too long or refused it (an error, after killing what ran).
// Before it returns, all its tasks' processes are gone.
func Run(ctx context.Context, c Config) error {
	if err := c.complete(); err != nil {
		return err
	}
	a, err := newAgent(&c)
	if err != nil {
		return err
	}
	defer a.client.CloseIdleConnections()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return fmt.Errorf("open standard input of trials: %w", err)
	}
	defer null.Close()
	sandbox, err := safefile.OpenDir(c.Sandbox)
	if err != nil {
		return fmt.Errorf("open the sandbox: %w", err)
	}
	defer sandbox.Close()
	x := &executor{conf: &c, agent: a}
	x.sendBundle = x.flushBundle
	x.mu.tasks, x.mu.bundles = make(map[string]*attempt), make(map[string]*bundle)
	x.out.mux = outbox.NewMux(c.pace())
	reaper := &reaper{conf: &c, attempts: x.all, requests: make(chan struct{}, 1)}
	processes := &processMonitor{conf: &c, attempts: x.all}
	limiter := &limiter{
		own: cgroup.CurrentMemory("/"), monitor: newMemoryMonitor(c.MemoryPoll),
		log: c.Log, groupless: c.Groupless,
		alone: os.Getppid() == 0, // nobody above in this namespace of processes: the first of a container
	}
	defer limiter.close()
	x.host = &host{
		conf: &c, sandbox: sandbox, limiter: limiter, starter: &starter{null: null},
		cache: newCache(sandbox, c.transfers(), c.Answer, c.Log),
		slots: make(slots, ownRoom()), disk: disk.NewWatch(sandbox), spares: &spares{sandbox: sandbox},
		leftovers: openLeftovers(c.Subreaper),
		wandb:     &wandbHook{}, mlflow: &mlflow.Server{Log: c.Log},
		send: x.flush, sendHere: x.flushHere, reapSoon: reaper.reapSoon,
	}
	defer x.host.leftovers.close()
	defer x.host.mlflow.Stop()
	defer x.host.spares.remove()
	_ = sandbox.Remove(credentialsFile) // there is none, usually

	inner, end := context.WithCancel(context.Background()) // outlives ctx by the time that dying takes
	x.end = end
	defer end()
	crash.Go(func() { x.host.disk.Run(inner) }) // nobody awaits its end: its file system may not answer
	var helpers sync.WaitGroup
	helpers.Go(crash.Func(func() { limiter.monitor.run(inner) }))
	helpers.Go(crash.Func(func() { processes.run(inner) }))
	if c.Subreaper {
		helpers.Go(crash.Func(func() { reaper.run(inner) }))
	}
	if c.Through != nil {
		helpers.Go(crash.Func(func() { x.show(inner) }))
	}
	unhook := context.AfterFunc(ctx, crash.Func(x.shutdown))
	defer unhook()
	x.mu.Lock()
	x.arm()
	x.mu.Unlock()

	err = x.follow(inner)
	x.abandon()
	x.runs.Wait()
	end()
	helpers.Wait()
	if errors.Is(err, errLost) && ctx.Err() != nil {
		return nil
	}
	return err
}
