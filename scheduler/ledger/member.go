package ledger

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Config says how a run takes part.
type Config struct {
	Folder string // of this user alone
	Entry  Entry  // what it is and wants; PID and Began are filled in
	// Limit has the run use no more of the machine than choose answers, given what it uses, and keeps to it
	// until the next call. It reports whether choose was asked.
	Limit func(choose func(used Amount) Amount) bool
	Tell  func(line string) // says how the run stands to others
}

// Member is a run's part in the ledger. Its methods may be called from any goroutine.
type Member struct {
	cfg  Config
	book *book
	said string // kind of the last line
	told map[string]telling
	mu   sync.Mutex
	want int
	need Need
	wait string // the line that says so
	stop chan struct{}
	done chan struct{}
}

// every is how often a run looks at what the others want: soon enough for a person who waits, and nothing for
// the machine.
const every = 250 * time.Millisecond

// began is when this process did: a sweep that follows another in it keeps its place among the runs.
var began = time.Now().UnixNano()

// Join enters a run and limits it. Close ends that.
func Join(cfg Config) (*Member, error) {
	cfg.Entry.PID, cfg.Entry.Began = os.Getpid(), began
	b, err := openBook(cfg.Folder, cfg.Entry)
	if err != nil {
		return nil, fmt.Errorf("share this machine with other runs: %w", err)
	}
	m := &Member{cfg: cfg, book: b, want: cfg.Entry.Trials, need: cfg.Entry.Need,
		told: map[string]telling{},
		stop: make(chan struct{}), done: make(chan struct{})}
	m.look()
	crash.Go(m.run)
	return m, nil
}

// Want says how many trials could run at once from now on, and what holds any of them.
func (m *Member) Want(trials int, need Need) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.want, m.need = trials, need
}

// Waiting says for whom the run waits; empty: it has room for a trial.
func (m *Member) Waiting() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wait
}

// Close gives back what the run claimed: nothing of it may run any more.
func (m *Member) Close() {
	close(m.stop)
	<-m.done
	m.book.close()
}

func (m *Member) run() {
	defer close(m.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-m.stop:
			return
		case <-tick.C:
			m.look()
		}
	}
}

// look brings the run's limit and claim up to what all want now. What cannot be done now is done at the next
// look.
func (m *Member) look() {
	unlock, err := m.book.lock()
	if err != nil {
		m.tell("stuck", "cannot share this machine with other kaon runs: "+err.Error()+"; trying on")
		return
	}
	defer unlock()
	others, err := m.book.others()
	if err != nil {
		m.tell("stuck", "cannot share this machine with other kaon runs: "+err.Error()+"; trying on")
		return
	}
	e := m.cfg.Entry
	m.mu.Lock()
	e.Trials, e.Need = m.want, m.need
	m.mu.Unlock()
	var may Amount
	var mine part
	known := m.cfg.Limit(func(used Amount) Amount {
		may, mine = share(e, others, used.GPUs)
		e.Claim = claim(may, used)
		return may
	})
	m.cfg.Entry = e
	_ = m.book.write(e) // what fails is tried again at the next look
	if !known {
		return
	}
	s := stand(e, may, mine, others)
	m.mu.Lock()
	m.wait = s.waits
	m.mu.Unlock()
	m.tell(s.kind, s.line)
}

// telling is when lines of one sort may be told again.
type telling struct {
	next  time.Time
	pause time.Duration
}

// Beside a loop of short runs how the run stands changes all the time: a sort of line is told at once the first
// time, and then ever more rarely.
const (
	firstPause   = time.Minute
	longestPause = time.Hour
)

// tell says how the run stands when that has changed.
func (m *Member) tell(kind, line string) {
	sort, _, _ := strings.Cut(kind, " ")
	t, now := m.told[sort], time.Now()
	if kind == m.said || now.Before(t.next) {
		return
	}
	t.pause = min(max(2*t.pause, firstPause), longestPause)
	t.next = now.Add(t.pause)
	m.told[sort], m.said = t, kind
	m.cfg.Tell(line)
}
