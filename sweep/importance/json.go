package importance

import (
	"bytes"
	"encoding/json"

	"github.com/kaon-sweep/kaon/sweep"
)

// Values in JSON are as points have them: floats show that they are, and those that JSON has no numbers for are texts.

type jsonRange struct {
	Parameter string          `json:"parameter"`
	Low       json.RawMessage `json:"low,omitempty"`
	High      json.RawMessage `json:"high,omitempty"`
	Values    []ValueCount    `json:"values,omitempty"`
	Narrowed  float64         `json:"share"`
	Trials    int             `json:"trials"`
}

type jsonCount struct {
	Value  json.RawMessage `json:"value"`
	Trials int             `json:"trials"`
}

// MarshalJSON implements json.Marshaler.
func (r Range) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonRange{r.Parameter, written(r.Low), written(r.High), r.Values, r.Narrowed, r.Trials})
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Range) UnmarshalJSON(text []byte) error {
	var j jsonRange
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*r = Range{j.Parameter, read(j.Low), read(j.High), j.Values, j.Narrowed, j.Trials}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (c ValueCount) MarshalJSON() ([]byte, error) {
	text := written(c.Value)
	if text == nil {
		text = json.RawMessage("null")
	}
	return json.Marshal(jsonCount{text, c.Trials})
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *ValueCount) UnmarshalJSON(text []byte) error {
	var j jsonCount
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*c = ValueCount{read(j.Value), j.Trials}
	return nil
}

// written is a value as a point has it; nil: there is none.
func written(v sweep.Value) json.RawMessage {
	if v == nil {
		return nil
	}
	text, err := sweep.Point{{Name: "v", Value: v}}.MarshalJSON()
	if err != nil { // it is none of the types of values
		return nil
	}
	return bytes.TrimSuffix(bytes.TrimPrefix(text, []byte(`{"v":`)), []byte("}"))
}

// read is what written wrote.
func read(text json.RawMessage) sweep.Value {
	var p sweep.Point
	if len(text) == 0 || json.Unmarshal(append(append([]byte(`{"v":`), text...), '}'), &p) != nil {
		return nil
	}
	return p[0].Value
}
