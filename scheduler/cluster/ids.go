package cluster

import (
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Ids as Mesos knows them. A TaskID is <sweep>.<index>.<attempt>.
type (
	TaskID      string
	FrameworkID string
)

// NewTaskID is the id of an attempt: <sweep>.<index>.<attempt>, or <sweep>.then.<attempt> for sweep.ThenTrial.
func NewTaskID(sweepID string, trial, attempt int) TaskID {
	b := make([]byte, 0, len(sweepID)+16)
	b = append(append(b, sweepID...), '.')
	if trial == sweep.ThenTrial {
		b = append(b, "then"...)
	} else {
		b = strconv.AppendInt(b, int64(trial), 10)
	}
	return TaskID(strconv.AppendInt(append(b, '.'), int64(attempt), 10))
}

// Parse takes a task id apart; ok is false for ids that are not ours.
func (id TaskID) Parse() (sweepID string, trial, attempt int, ok bool) {
	rest, last, found := cutLast(string(id))
	if !found {
		return "", 0, 0, false
	}
	attempt, err := strconv.Atoi(last)
	if err != nil || attempt < 1 {
		return "", 0, 0, false
	}
	sweepID, middle, found := cutLast(rest)
	if !found || sweepID == "" {
		return "", 0, 0, false
	}
	if middle == "then" {
		return sweepID, sweep.ThenTrial, attempt, true
	}
	trial, err = strconv.Atoi(middle)
	return sweepID, trial, attempt, err == nil && trial >= 0
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}
