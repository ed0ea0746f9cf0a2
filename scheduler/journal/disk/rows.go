package disk

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ugorji/go/codec"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Rows are MessagePack arrays, fields by position; times are Unix nanoseconds, 0 for none. New fields go to the end.
type (
	sweepRow struct {
		_struct   bool `codec:",toarray"`
		Number    uint64
		File      string
		Source    []byte
		Seed      uint64
		Overrides []string
		Submitted int64
		Phase     string
		Paused    bool
		Killing   bool
		Reason    string
		Outcome   string
		Ended     int64
		Records   uint64
		Stored    uint64
		Manifest  []byte
		Params    []byte
		States    []byte
		Attempts  []byte
		Best      float64
		BestTrial int
		Keep      bool
		Winner    []int  // trial and attempt; empty: none
		Elapsed   int64  // nanoseconds
		Hash      []byte // SHA-256 of what was submitted; empty: written by a kaon that kept none
		Extended  []extensionRow
		Owner     string
	}

	extensionRow struct {
		_struct   bool `codec:",toarray"`
		From      int
		Overrides []string
		At        int64
	}

	// trialRow ends early for trials that are over: Live is nil then.
	trialRow struct {
		_struct bool `codec:",toarray"`
		State   uint8
		Attempt int
		Budget  []int // empty when all are zero
		Due     int64
		Reason  string
		Value   []float64 // empty when nothing was reported
		Counts  []uint64
		AskSeq  uint64
		TellSeq uint64
		Live    *liveRow
		Failure bool
		Stop    *sweep.StopMemory
		Point   []byte
	}

	liveRow struct {
		_struct    bool `codec:",toarray"`
		Agent      string
		Host       string
		Executor   string
		Launched   int64
		Started    int64
		Points     uint64
		KillReason uint8
		Task       string
		Place      int
		Missing    uint64
	}

	recordRow struct {
		_struct bool `codec:",toarray"`
		Number  uint64
		Record  results.Record
	}

	amountRow struct {
		_struct     bool `codec:",toarray"`
		Name        string
		Reservation string
		Scalar      int64
		Ranges      []offers.Range
		Set         []string
		Source      []byte
	}
)

// hash is the sum of all that says what the sweep runs.
func (s *sweepRow) hash() []byte {
	h := sha256.New()
	texts := append([]string{s.File, string(s.Source), strconv.FormatUint(s.Seed, 10)}, s.Overrides...)
	for _, x := range s.Extended {
		texts = append(append(texts, "from", strconv.Itoa(x.From)), x.Overrides...)
	}
	for _, text := range texts {
		fmt.Fprintf(h, "%d:%s", len(text), text)
	}
	return h.Sum(nil)
}

// check compares a row with its hash.
func (s *sweepRow) check() error {
	if len(s.Hash) > 0 && !bytes.Equal(s.Hash, s.hash()) {
		return errors.New("the spec is not the one that was submitted: its hash is another")
	}
	return nil
}

// encoder gathers the bytes of entries in an arena, which is valid until reset.
type encoder struct {
	arena []byte
	one   []byte
	enc   *codec.Encoder
}

var handle = newHandle()

func newHandle() *codec.MsgpackHandle {
	const depth = 16
	h := results.NewMessagePack(depth)
	h.InternString = true // metric names repeat in every point
	return h
}

func newEncoder() *encoder {
	e := &encoder{}
	e.enc = codec.NewEncoderBytes(&e.one, handle)
	return e
}

// arenaKept bounds the memory kept between batches.
const arenaKept = 4 << 20

func (e *encoder) reset() {
	if cap(e.arena) > arenaKept {
		e.arena = nil
	}
	e.arena = e.arena[:0]
}

// encode appends one value to the arena.
func (e *encoder) encode(v any) error {
	e.one = e.one[:0]
	e.enc.ResetBytes(&e.one)
	if err := e.enc.Encode(v); err != nil {
		return fmt.Errorf("encode %T: %w", v, err)
	}
	e.arena = append(e.arena, e.one...)
	return nil
}

// executorKey is an executor with, unless it is "*", its role behind a zero byte. Journals of before roles have none.
func executorKey(x journal.ExecutorEntry) string {
	if x.Role == "" {
		return string(x.Executor)
	}
	return string(x.Executor) + "\x00" + x.Role
}

// executorEntry is the entry of that key, without its resources.
func executorEntry(agent, key string) journal.ExecutorEntry {
	executor, role, _ := strings.Cut(key, "\x00")
	return journal.ExecutorEntry{Agent: offers.AgentID(agent), Executor: offers.ExecutorID(executor), Role: role}
}

func (e *encoder) executor(x journal.ExecutorEntry) error {
	rows := make([]amountRow, len(x.Resources))
	for i, a := range x.Resources {
		rows[i] = amountRow{
			Name: a.Name, Reservation: a.Reservation, Scalar: int64(a.Scalar), Ranges: a.Ranges, Set: a.Set,
			Source: []byte(a.Source),
		}
	}
	return e.encode(rows)
}

func (e *encoder) sweep(s journal.SweepEntry) error {
	row := sweepRow{
		Number: s.Number, File: s.File, Source: s.Source, Seed: s.Seed, Overrides: s.Overrides,
		Submitted: nanos(s.Submitted), Phase: string(s.Phase), Paused: s.Paused, Killing: s.Killing,
		Reason: s.Reason, Outcome: string(s.Outcome), Ended: nanos(s.Ended), Records: s.Records, Stored: s.Stored,
		Manifest: s.Manifest, Params: s.Params, States: s.States, Attempts: s.Attempts,
		Best: s.Best, BestTrial: s.BestTrial, Keep: s.KeepTrials, Elapsed: int64(s.Elapsed), Owner: s.Owner,
	}
	if w := s.Winner; w != (journal.AttemptRef{}) {
		row.Winner = []int{w.Trial, w.Attempt}
	}
	for _, x := range s.Extensions {
		row.Extended = append(row.Extended, extensionRow{From: x.From, Overrides: x.Overrides, At: nanos(x.At)})
	}
	row.Hash = row.hash()
	return e.encode(&row)
}

func (e *encoder) trial(t journal.TrialEntry) error {
	row := trialRow{State: uint8(t.State), Attempt: t.Attempt, Due: nanos(t.Due), Reason: t.Reason, AskSeq: t.AskSeq,
		TellSeq: t.TellSeq, Failure: t.Failure, Stop: t.Stop, Point: t.Point}
	if b := t.Budget; b != (journal.Budget{}) {
		row.Budget = []int{b.Failures, b.Timeouts, b.Losses, b.Preemptions}
	}
	if s := t.Value; s.Count > 0 {
		const sum = 0 // what rows had before they had the mean
		row.Value, row.Counts = []float64{s.Last, s.Min, s.Max, sum, s.Mean},
			[]uint64{uint64(s.Count), uint64(s.Finite)}
	}
	if t.State == sweep.Launched || t.State == sweep.Running {
		row.Live = &liveRow{
			Agent: string(t.Agent), Host: t.Host, Executor: string(t.Executor),
			Launched: nanos(t.Launched), Started: nanos(t.Started), Points: t.Points, KillReason: t.KillReason,
			Task: string(t.Task), Place: t.Place, Missing: t.Missing,
		}
	}
	return e.encode(&row)
}

// count32 is a count that fits a series; only a damaged row has more.
func count32(n uint64) uint32 { return uint32(min(n, math.MaxUint32)) }

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func when(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// entry is a sweep's row as what it stands for.
func (s *sweepRow) entry(id string) journal.SweepEntry {
	e := journal.SweepEntry{
		ID: id, Number: s.Number, File: s.File, Source: s.Source, Seed: s.Seed, Overrides: s.Overrides,
		Submitted: when(s.Submitted), Phase: sweep.Phase(s.Phase), Paused: s.Paused, Killing: s.Killing,
		Reason: s.Reason, Outcome: sweep.Phase(s.Outcome), Ended: when(s.Ended), Records: s.Records,
		Stored: s.Stored, Manifest: s.Manifest, Params: s.Params, States: s.States, Attempts: s.Attempts,
		Best: s.Best, BestTrial: s.BestTrial, KeepTrials: s.Keep, Elapsed: time.Duration(s.Elapsed), Owner: s.Owner,
	}
	for _, x := range s.Extended {
		e.Extensions = append(e.Extensions, journal.Extension{From: x.From, Overrides: x.Overrides, At: when(x.At)})
	}
	if w := s.Winner; len(w) == 2 {
		e.Winner = journal.AttemptRef{Trial: w[0], Attempt: w[1]}
	}
	return e
}

func (t *trialRow) entry(id string, trial int) journal.TrialEntry {
	e := journal.TrialEntry{
		Sweep: id, Trial: trial, State: sweep.State(t.State), Attempt: t.Attempt,
		Due: when(t.Due), Reason: t.Reason, AskSeq: t.AskSeq, TellSeq: t.TellSeq, Failure: t.Failure, Stop: t.Stop,
		Point: t.Point,
	}
	if b := t.Budget; len(b) == 4 {
		e.Budget = journal.Budget{Failures: b[0], Timeouts: b[1], Losses: b[2], Preemptions: b[3]}
	}
	if v, n := t.Value, t.Counts; len(v) >= 4 && len(n) == 2 {
		e.Value = sweep.Series{Count: count32(n[0]), Finite: count32(n[1]), Last: v[0], Min: v[1], Max: v[2]}
		if len(v) > 4 {
			e.Value.Mean = v[4]
		} else if n[1] > 0 {
			e.Value.Mean = v[3] / float64(n[1])
		}
	}
	if l := t.Live; l != nil {
		e.Agent, e.Host, e.Executor = offers.AgentID(l.Agent), l.Host, offers.ExecutorID(l.Executor)
		e.Launched, e.Started, e.Points, e.KillReason = when(l.Launched), when(l.Started), l.Points, l.KillReason
		e.Task, e.Place, e.Missing = cluster.TaskID(l.Task), l.Place, l.Missing
	}
	return e
}

func amounts(rows []amountRow) []offers.Amount {
	all := []offers.Amount{}
	for _, a := range rows {
		all = append(all, offers.Amount{
			Name: a.Name, Reservation: a.Reservation, Scalar: resource.Milli(a.Scalar), Ranges: a.Ranges, Set: a.Set,
			Source: string(a.Source),
		})
	}
	return all
}
