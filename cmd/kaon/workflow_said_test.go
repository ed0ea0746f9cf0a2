package main

import (
	"slices"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
)

// What comes later is shown though other clocks were ahead of its time, once, and is forgotten behind a while.
func TestTalkLines(t *testing.T) {
	var talk talkLines
	percent := 50.0
	now := time.Now().UnixMilli()
	said := func(at int64, text string) api.StepMessage {
		return api.StepMessage{At: at, Step: "s", Text: text, Milestone: true}
	}
	late := said(now-30_000, "late")
	for i, x := range []struct {
		messages []api.StepMessage
		want     []string
	}{
		{[]api.StepMessage{{At: 100, Step: "s", Percent: &percent, Text: "50 %"}}, nil},
		{[]api.StepMessage{said(90, "slow clock")}, []string{"s: slow clock"}},
		{[]api.StepMessage{said(90, "slow clock")}, nil},
		{[]api.StepMessage{said(now, "here")}, []string{"s: here"}},
		{[]api.StepMessage{said(now+3_600_000, "fast clock")}, []string{"s: fast clock"}},
		{[]api.StepMessage{late, said(now, "here"), said(now+3_600_000, "fast clock")}, []string{"s: late"}},
		{[]api.StepMessage{said(90, "slow clock"), late, {At: late.At, Step: "s", ID: "two", Text: "late"}}, []string{"s: late"}},
	} {
		if lines := talk.next(x.messages); !slices.Equal(lines, x.want) {
			t.Errorf("%d: it shows %q, want %q", i, lines, x.want)
		}
	}
	if len(talk.shown) != 4 || talk.from() > now-50_000 || talk.from() < now-70_000 {
		t.Errorf("it remembers %v from %d on", talk.shown, talk.from())
	}
}
