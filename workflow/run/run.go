package run

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Config is what runs need around them.
type Config struct {
	Folder  string // of all runs
	Cluster steps.Cluster
	Told    func(key string, p steps.Progress) // what attempts say; may be called by any goroutine. nil: nobody hears
	Version string                             // of this program
	Results string                             // where what steps leave lies: an absolute folder, or s3://bucket/prefix; "": artifacts are not fetched
	Secret  func(name string) (string, bool)   // a secret parameter, when a run is gone on with; nil: a variable of the environment

	Stored      func(ctx context.Context, files []string) (bool, error) // whether the results still have all of some files, by name; nil: they are not asked
	Nested      *Places                                                 // of runs that are steps of others; nil: 1,000 for each run that is none
	Origin      Origin                                                  // of runs that are begun
	Environment func(string) (string, bool)                             // of templates, as ${envvar.X}; nil: this process's
	Late        func(l Late)                                            // hears once that a run is late, when that is durable, also of those that are steps; must not block. nil: nobody does
	Admit       func(c *steps.Call, about steps.Description) error      // refuses attempts by all that they are given; nil: none
	Fence       func() error                                            // asked behind each write of a log; its error, that another process goes on with the runs, ends the work. nil: none does
}

// Late is a run that is not done by when it was to be.
type Late struct {
	Header Header
	SLA    string // for people, as 2h or 06:00 UTC
	Due    int64  // when it was to be done, in milliseconds since 1970
	At     int64  // when that was noted
}

// Run is a run that this process works on. Its methods may be called by any goroutine, once Work was called.
type Run struct {
	cfg    Config
	header Header
	flow   *workflow.Workflow
	folder string
	secret secrets
	log    *log
	facts  *facts
	talk   *talk

	ended chan engine.Event // from attempts; capacity 64, they wait when it is full
	quit  chan struct{}     // closed when nobody reads ended any more

	closing context.Context // ends when quit is closed
	close   context.CancelFunc
	group   sync.WaitGroup
	broken  chan error // capacity 1: the cluster is gone

	live      map[string]*attempt // by key
	busy      int                 // of live, those that do not only wait
	queue     []engine.Task       // that wait for others to end
	waits     []engine.Task       // to be started, that only wait
	nests     []engine.Task       // runs within this one that wait for others of them to end
	nesting   int                 // of live, those that are runs within this one
	untold    map[string]bool     // keys of those that wait for a place and have a timeout, of which the engine does not know that they wait
	told      map[string]bool     // those of which it does
	sums      sums                // of files that steps with a cache name
	early     []engine.Event      // ends of attempts that never ran
	delivered map[string]bool     // files of requests that were handed to attempts
	known     map[string]Request  // that lie in the folder, by file
	handing   map[string]bool     // what a message is being handed to: a step, or what is within it
	handed    chan handed         // how that went
	repeat    map[string]repeat   // when messages are sent again, by file
	found     map[string]bool     // ids of attempts that a former process has begun
	unsure    time.Time           // until when those may not be there yet
	used      map[string]bool     // ids of signals that were used up
	done      []string            // files of requests that are done once the log says so

	mu     sync.Mutex // guards what follows
	engine *engine.Engine
	tally  tally
	said   map[string]steps.Progress // the last of attempts that run, by key
	change chan struct{}             // closed, and made anew, when something has changed
}

// NewID is a name nobody else has for a run of a workflow.
func NewID(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
	slug := strings.Trim(strings.Join(words, "-"), "-_")
	const longest = 24 // ids of steps have it in them
	if slug = strings.Trim(slug[:min(len(slug), longest)], "-_"); slug == "" {
		slug = "workflow"
	}
	return slug + "-" + strings.ToLower(rand.Text()[:6])
}

// NameOf is a workflow's name, or that of its file.
func NameOf(wf *workflow.Workflow) string {
	return cmp.Or(wf.Name, strings.TrimSuffix(filepath.Base(wf.File), filepath.Ext(wf.File)))
}

// Create begins a run of a workflow with the parameters given, which were checked.
func Create(cfg Config, id, parent string, wf *workflow.Workflow, given map[string]any) (*Run, error) {
	r := newRun(cfg, id)
	r.flow = wf
	var err error
	if r.secret, given, err = takeSecrets(wf, given); err != nil {
		return nil, err
	}
	wf.Name = NameOf(wf)
	r.header = Header{
		Version: 1, Run: id, Name: wf.Name, File: wf.File, Source: string(wf.Source), Given: given, Created: time.Now().UnixMilli(),
		Parent: parent, Kaon: cfg.Version, Origin: cfg.Origin,
	}
	if err := os.MkdirAll(r.folder, 0o700); err != nil {
		return nil, err
	}
	if r.log, err = createLog(r.folder, record{Header: &r.header}); err != nil {
		return nil, err
	}
	r.facts, r.tally, r.used = newFacts(filepath.Dir(wf.File), cfg.Origin.Within, nil), tally{}, map[string]bool{}
	r.talk = readTalk(r.folder)
	r.engine = newEngine(wf, r.header, r.facts.read)
	if err := durable.SyncFolder(cfg.Folder); err != nil {
		return nil, errors.Join(err, r.log.close())
	}
	if err := r.sync(); err != nil {
		return nil, errors.Join(err, r.log.close())
	}
	return r, nil
}

// Open goes on with a run. ErrLocked: another process does.
func Open(cfg Config, id string) (*Run, error) {
	r := newRun(cfg, id)
	var h history
	var err error
	if r.log, err = openLog(r.folder, h.take); err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", id, err)
	}
	r.header = h.header
	r.facts = newFacts(filepath.Dir(h.header.File), h.header.Within, h.facts)
	if r.flow, r.engine, err = h.restore(r.facts); err != nil {
		return nil, errors.Join(fmt.Errorf("read the log of %s: %w", id, err), r.log.close())
	}
	if r.secret, err = secretsAgain(r.flow, cfg.Secret); err != nil {
		return nil, errors.Join(err, r.log.close())
	}
	r.tally, r.used, r.talk = h.tally, h.used(), readTalk(r.folder)
	return r, nil
}

func newRun(cfg Config, id string) *Run {
	if cfg.Told == nil {
		cfg.Told = func(string, steps.Progress) {}
	}
	if cfg.Nested == nil {
		cfg.Nested = NewPlaces(mostNested, nil)
	}
	closing, end := context.WithCancel(context.Background())
	return &Run{
		closing: closing, close: end,
		cfg: cfg, folder: Folder(cfg.Folder, id), ended: make(chan engine.Event, 64), quit: make(chan struct{}), broken: make(chan error, 1),
		live: map[string]*attempt{}, delivered: map[string]bool{}, known: map[string]Request{}, handing: map[string]bool{}, handed: make(chan handed),
		repeat: map[string]repeat{}, found: map[string]bool{}, untold: map[string]bool{}, told: map[string]bool{},
		said: map[string]steps.Progress{}, change: make(chan struct{}),
	}
}

// Header is what was started.
func (r *Run) Header() Header { return r.header }

// Workflow is what runs. It must not be changed.
func (r *Run) Workflow() *workflow.Workflow { return r.flow }

// View is how it stands.
func (r *Run) View(all bool) engine.View {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.header.promise(r.flow).view(r.engine, all)
}

// IsLate says whether it was noted that the run is late, and it goes on.
func (r *Run) IsLate() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	state, _ := r.engine.State()
	return !state.Ended() && r.header.promise(r.flow).late(r.engine) > 0
}

// Said is what attempts that run said last, by key.
func (r *Run) Said() map[string]steps.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	said := make(map[string]steps.Progress, len(r.said))
	for key, p := range r.said {
		said[key] = p
	}
	return said
}

// Changed is closed when something has changed since it was asked for.
func (r *Run) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.change
}

func (r *Run) changed() {
	close(r.change)
	r.change = make(chan struct{})
}

// Restart has a run go on that has ended: what failed, or all from the named steps on, with other parameters.
func (r *Run) Restart(names []string, parameters map[string]any) error {
	state, _ := r.engine.State()
	if !state.Ended() {
		return fmt.Errorf("run %s has not ended; go on with it by kaon workflow resume", r.header.Run)
	}
	for _, name := range names {
		if known, _ := r.engine.Has(name); !known || strings.Contains(name, "[") {
			return fmt.Errorf("run %s has no step %q to begin from", r.header.Run, name)
		}
	}
	if state == engine.Succeeded && len(names) == 0 {
		return fmt.Errorf("run %s has succeeded: say with --from which step is run again", r.header.Run)
	}
	all := maps.Clone(r.header.Given)
	if all == nil {
		all = map[string]any{}
	}
	for name, v := range r.secret {
		all[name] = v
	}
	maps.Copy(all, parameters)
	if _, err := r.flow.Bind(all); err != nil {
		return err
	}
	newer, parameters, err := takeSecrets(r.flow, parameters)
	if err != nil {
		return err
	}
	maps.Copy(r.secret, newer)
	left, requests := asked(r.folder, nil) // of the run as it was: a cancel must not end what begins now
	for i, file := range left {
		if requests[i].Kind != SignalRun || r.used[requests[i].ID] {
			r.done = append(r.done, file)
		}
	}
	r.forgetRequests()
	return r.take(engine.Event{Kind: engine.Restart, Names: names, Parameters: parameters})
}

// Close lets go of a run that Work was not called of.
func (r *Run) Close() error { return r.log.close() }

// lookEvery is how often requests are looked for.
const lookEvery = 200 * time.Millisecond

// Work works on the run until it has ended, and answers how. When ctx ends it leaves what runs, to be gone on with by another process,
// and answers with the cause; with the cause steps.ErrStop it cancels the run first. It closes the log.
func (r *Run) Work(ctx context.Context) (engine.View, error) {
	r.facts.ctx = ctx
	err := r.loop(ctx)
	for _, a := range r.live {
		a.cancel(context.Canceled)
	}
	close(r.quit)
	r.close()
	r.group.Wait()
	r.talk.close()
	return r.View(false), errors.Join(err, r.log.close())
}

func (r *Run) loop(ctx context.Context) error {
	if state, _ := r.engine.State(); state == engine.Waiting {
		if err := r.take(engine.Event{Kind: engine.Begin, Parameters: r.header.Given}); err != nil {
			return err
		}
	} else {
		r.queue, r.waits, r.nests = nil, nil, nil
		r.enqueue(r.engine.Outstanding()...) // those of a restart, too
		r.unsure = time.Now().Add(unsureFor)
		for _, t := range r.queue {
			r.found[t.ID] = true
		}
		for _, t := range r.nests {
			_, err := os.Stat(filepath.Join(Folder(r.cfg.Folder, r.header.Run+"-"+t.ID), LogFile))
			r.found[t.ID] = err == nil
		}
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	stop := ctx.Done()
	for {
		if err := r.startQueued(); err != nil {
			return err
		}
		if early := r.early; len(early) > 0 {
			r.early = nil
			if err := r.take(early...); err != nil {
				return err
			}
			continue
		}
		if state, _ := r.engine.State(); state.Ended() {
			r.endRequests()
			return nil
		}
		due := time.NewTimer(r.untilDue())
		var events []engine.Event
		var err error
		select {
		case ev := <-r.ended:
			events = r.drain(ev)
		case <-due.C:
			events = r.comeDue()
		case <-look.C:
			events = r.requests()
		case x := <-r.handed:
			if r.wasHanded(x) { // there may be more for the step
				events = r.requests()
			}
		case err = <-r.broken:
		case <-stop:
			if err = context.Cause(ctx); errors.Is(err, steps.ErrStop) {
				stop, err = nil, nil
				r.facts.ctx = r.closing // what follows in any case is to read
				events = []engine.Event{{Kind: engine.Cancel, Reason: "the step that it is was ended"}}
			}
		}
		due.Stop()
		if err != nil {
			return err
		}
		if err := r.take(events...); err != nil {
			return err
		}
		r.forgetRequests()
	}
}

// drain is an event and all that are there behind it: they become durable together.
func (r *Run) drain(first engine.Event) []engine.Event {
	events := []engine.Event{first}
	for {
		select {
		case ev := <-r.ended:
			events = append(events, ev)
		default:
			return events
		}
	}
}

const longSleep = time.Hour

// untilDue is how long nothing is due.
func (r *Run) untilDue() time.Duration {
	wait := longSleep
	for _, at := range []int64{r.engine.Next(), r.deadline(), r.header.promise(r.flow).open(r.engine)} {
		if at > 0 {
			wait = min(wait, time.Until(timeOf(at)))
		}
	}
	return max(wait, 0)
}

// deadline is when the whole run is to have ended, since it began or was restarted, in milliseconds since 1970; 0: never, or it is told already.
func (r *Run) deadline() int64 {
	since, cancelling := r.engine.Since()
	if r.flow.Timeout == 0 || since == 0 || cancelling {
		return 0
	}
	return since + r.flow.Timeout.Milliseconds()
}

func (r *Run) comeDue() (events []engine.Event) {
	now := time.Now().UnixMilli()
	if at := r.deadline(); at > 0 && at <= now {
		events = append(events, engine.Event{Kind: engine.Cancel, Reason: fmt.Sprintf("it took longer than %v", r.flow.Timeout)})
	}
	if at := r.engine.Next(); at > 0 && at <= now {
		events = append(events, engine.Event{Kind: engine.Due})
	}
	return r.noteLate(events)
}
