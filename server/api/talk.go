package api

import (
	"encoding/json"

	"github.com/kaon-sweep/kaon/workflow/run"
)

// StepMessage is what was said by a step, or to one.
type StepMessage struct {
	At        int64           `json:"at"`
	Step      string          `json:"step"`
	Text      string          `json:"text" doc:"For people, whatever it is."`
	Attempt   int             `json:"attempt,omitempty"`
	Milestone bool            `json:"milestone,omitempty"`
	Percent   *float64        `json:"percent,omitempty" doc:"How far the step was; the last is kept."`
	Name      string          `json:"name,omitempty" doc:"Of a value that the step names; the last of a name is kept."`
	Value     json.RawMessage `json:"value,omitempty"`
	ID        string          `json:"id,omitempty" doc:"Of a message to the step."`
	Who       string          `json:"who,omitempty" doc:"Has sent it; absent: the step has said it."`
	To        string          `json:"to,omitempty" doc:"What within the step it was for."`
	Body      json.RawMessage `json:"body,omitempty" doc:"The message."`
	Refused   string          `json:"refused,omitempty" doc:"Why the step does not hear it."`
}

// MessagesOf is what was said in a run as the API says it.
func MessagesOf(all []run.Said) []StepMessage {
	list := []StepMessage{}
	for _, s := range all {
		list = append(list, StepMessage{
			At: s.At, Step: s.Step, Text: s.String(), Attempt: s.Attempt, Milestone: s.Milestone, Percent: s.Percent,
			Name: s.Name, Value: s.Value,
			ID: s.ID, Who: s.Who, To: s.To, Body: s.Body, Refused: s.Refused,
		})
	}
	return list
}
