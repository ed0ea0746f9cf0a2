package parse

import (
	"bytes"
	"encoding/json"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
)

// noted takes the value of a top-level key that makes a note; it tells whether it did. What only looks like
// one is left where it is, to be read as metrics.
func (f *flattener) noted(key string) (bool, error) {
	f.space()
	switch {
	case key == "milestone" && f.peek() == '"':
		text, err := f.text()
		if err != nil {
			return false, err
		}
		if text != "" {
			f.noteOf().Milestone = Clip(f.hide.Mask(mask.Readable(text)), results.MaxMilestone)
		}
		return true, nil
	case key == "artifact" && f.peek() == '{':
		return f.artifact()
	}
	return false, nil
}

// artifact takes an object {"name": text, "value": anything}.
func (f *flattener) artifact() (bool, error) {
	start, out := f.at, f.out
	f.out = nil // no metrics inside
	err := f.object(1)
	f.out = out
	if err != nil {
		return false, err
	}
	var a struct {
		Name  string          `json:"name"`
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(f.data[start:f.at], &a) != nil || a.Name == "" || a.Value == nil {
		f.at = start
		return false, nil
	}
	var value bytes.Buffer
	if err := json.Compact(&value, a.Value); err != nil {
		return false, errJSON
	}
	if len(a.Name) > results.MaxName || value.Len() > results.MaxValue {
		return false, errBounds
	}
	note := f.noteOf()
	note.Name, note.Value = f.hide.Mask(mask.Readable(a.Name)), f.hide.MaskJSON(value.Bytes())
	if note.Name == "" {
		note.Name = mask.Text
	}
	return true, nil
}

func (f *flattener) noteOf() *results.Note {
	if f.note == nil {
		f.note = &results.Note{}
	}
	return f.note
}
