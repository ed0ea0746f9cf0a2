package sampler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// Sampler is a search.Recaller whose points a program chooses.
type Sampler struct {
	spec   *sweep.Spec
	folder string

	mu       sync.Mutex // Close may come from another goroutine
	process  *process
	err      error // why there are no more points
	closed   bool
	told     []ended             // since the last request
	points   map[int]sweep.Point // of trials that the program was asked for
	dialogue []request           // all requests that were answered, with the answers
}

// New is the sampler of a spec, in whose folder the program runs. Nothing is started yet.
func New(spec *sweep.Spec, folder string) *Sampler {
	return &Sampler{spec: spec, folder: folder, points: map[int]sweep.Point{}}
}

// Replay implements search.Method.
func (s *Sampler) Replay() bool { return true }

// Err implements search.Recaller.
func (s *Sampler) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Recall implements search.Recaller.
func (s *Sampler) Recall(index int, p sweep.Point) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.points[index] = p
	if n := len(s.dialogue); n > 0 {
		// of a batch, which was asked for at once; what was told since is for the next request
		if last := &s.dialogue[n-1]; index < last.Ask[0]+s.spec.Sampler.Batch {
			last.Ask, last.Answered = append(last.Ask, index), append(last.Answered, p)
			return
		}
	}
	s.dialogue = append(s.dialogue, request{Tell: s.take(), Ask: []int{index}, Answered: []sweep.Point{p}})
}

// Tell implements search.Method.
func (s *Sampler) Tell(index int, o search.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, endOf(index, o, s.points[index]))
}

// take is what was told since the last request.
func (s *Sampler) take() []ended {
	told := s.told
	s.told = nil
	if told == nil {
		told = []ended{}
	}
	return told
}

// Ask implements search.Method. It blocks until the program answers. Points that were asked for in a batch are given
// one by one.
func (s *Sampler) Ask(index int) (sweep.Point, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, known := s.points[index]; known {
		return p, true
	}
	if s.err != nil || s.closed || index < 0 {
		return nil, false
	}
	if err := s.ask(index); err != nil {
		s.err = s.explain(err)
		s.end()
		return nil, false
	}
	return s.points[index], true
}

func (s *Sampler) ask(index int) error {
	if s.process == nil {
		if err := s.begin(); err != nil {
			return err
		}
	}
	if _, known := s.points[index]; known {
		return nil // of a batch that an earlier process had begun to use
	}
	r := request{Tell: s.take(), Ask: s.batch(index)}
	answered, err := s.request(r)
	if err != nil {
		return err
	}
	for i, trial := range r.Ask {
		s.points[trial] = answered[i]
	}
	r.Answered = answered
	s.dialogue = append(s.dialogue, r)
	return nil
}

// batch is the trials that are asked for with one.
func (s *Sampler) batch(from int) (trials []int) {
	for i := from; i < max(s.spec.Trials, from+1) && len(trials) < s.spec.Sampler.Batch; i++ {
		trials = append(trials, i)
	}
	return trials
}

// begin starts the program and tells it all that went before.
func (s *Sampler) begin() error {
	p, err := start(s.spec.Sampler.Command, s.folder)
	if err != nil {
		return err
	}
	s.process = p
	replayed := 0
	for _, r := range s.dialogue {
		replayed += len(r.Ask)
	}
	if _, err := s.say(helloOf(s.spec, replayed)); err != nil {
		return err
	}
	for i, r := range s.dialogue {
		if i == len(s.dialogue)-1 {
			r.Ask = s.batch(r.Ask[0])
		}
		points, err := s.request(r)
		if err != nil {
			return fmt.Errorf("while it was told what an earlier process of it had answered: %w", err)
		}
		for k := len(r.Answered); k < len(points); k++ { // nobody had come to those yet
			s.points[r.Ask[k]] = points[k]
			s.dialogue[i].Ask, s.dialogue[i].Answered = append(s.dialogue[i].Ask, r.Ask[k]),
				append(s.dialogue[i].Answered, points[k])
		}
	}
	return nil
}

// mostRefused is how often points may be refused by constraints before one is taken.
const mostRefused = 1000

// request asks for points and reads them. For those that constraints refuse it asks again, and tells of the refusal.
func (s *Sampler) request(r request) ([]sweep.Point, error) {
	points := map[int]sweep.Point{}
	began, next := time.Now(), r
	for round := 1; ; round++ {
		again, err := s.answers(next, points)
		if err != nil {
			return nil, err
		}
		if len(again) == 0 {
			break
		}
		last := again[len(again)-1]
		if took := time.Since(began); round >= mostRefused || took > s.spec.Sampler.Timeout {
			text, _ := json.Marshal(last.Params) // it was read from JSON
			return nil, fmt.Errorf("its points for trial %d were refused %d times in %v, the last one, %s, as %w: "+
				"it is to keep to them, or to learn from what it is told as `refused`",
				last.Trial, round, took.Round(time.Millisecond), short(text), errRefused)
		}
		next = request{Tell: again}
		for _, e := range again {
			next.Ask = append(next.Ask, e.Trial)
			if i := slices.Index(r.Ask, e.Trial); i < len(r.Answered) {
				next.Answered = append(next.Answered, r.Answered[i])
			}
		}
	}
	out := make([]sweep.Point, len(r.Ask))
	for i, trial := range r.Ask {
		out[i] = points[trial]
	}
	return out, nil
}

// answers asks once, and takes the points that are of the space. again is those that constraints refuse.
func (s *Sampler) answers(r request, points map[int]sweep.Point) (again []ended, err error) {
	a, err := s.say(r)
	if err != nil {
		return nil, err
	}
	if len(a.Params) != len(r.Ask) {
		return nil, fmt.Errorf("it answered with %d points where %d were asked for", len(a.Params), len(r.Ask))
	}
	for i, text := range a.Params {
		p, err := pointOf(s.spec, text)
		switch {
		case errors.Is(err, errRefused):
			var given sweep.Point
			_ = json.Unmarshal(text, &given) // pointOf has read it
			again = append(again, ended{Trial: r.Ask[i], State: refused, Params: given})
		case err != nil:
			return nil, fmt.Errorf("its point %s for trial %d is none of the space: %w", short(text), r.Ask[i], err)
		}
		points[r.Ask[i]] = p
	}
	return again, nil
}

// say sends a line, and reads the answer, which must be one JSON object.
func (s *Sampler) say(message any) (answer, error) {
	text, err := s.process.exchange(message, s.spec.Sampler.Timeout)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) || json.Unmarshal(text, &a) != nil {
		return a, fmt.Errorf("it answered %s, which is no JSON object: print nothing else on standard output",
			short(text))
	}
	if a.Error != "" {
		return a, fmt.Errorf("it says: %s", a.Error)
	}
	return a, nil
}

// short is a text as it is shown in an error.
func short(text []byte) string {
	const most = 200
	text = bytes.TrimSpace(text)
	if len(text) > most {
		return fmt.Sprintf("%q…", text[:most])
	}
	return fmt.Sprintf("%q", text)
}

// explain is an error with the program's name, what it wrote, and what helps.
func (s *Sampler) explain(err error) error {
	said := ""
	if s.process != nil {
		s.end() // then all that it wrote is there
		if text := s.process.stderr.String(); text != "" {
			said = "; it wrote: " + text
		}
	}
	return fmt.Errorf("the sampler `%s` (method.command) failed: %w%s; mend it, and go on with `kaon "+
		"extend SWEEP --set "+
		"run_cap=%d`; docs/search.md has what it reads and answers",
		strings.Join(s.spec.Sampler.Command, " "), err, said,
		s.spec.Trials)
}

// end stops the process; what it wrote can still be read.
func (s *Sampler) end() {
	if s.process != nil {
		s.process.close()
	}
}

// Rest ends the program of a sweep that has ended. A fresh one begins, and hears all that went before, when a further
// point is wanted: by an extension, also of a sweep that the program has failed.
func (s *Sampler) Rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
	s.process, s.err = nil, nil
}

// Close ends the program. The sampler gives no more points afterwards.
func (s *Sampler) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.end()
}
