package parse

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// What JSON writes by escapes, joins from parts or leaves out is masked as it is in the end.
func TestSecretsAreMaskedAfterDecoding(t *testing.T) {
	s := mask.New(map[string]string{"A": "hunter/Ab", "B": "12345678", "C": "top.secret"})
	c, err := NewCollector(&task.Order{Objective: "loss"})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`{"hunter\/\u0041b": 1}`, `{"x": {"\u0068unter/Ab": 1}}`, `{"top": {"secret": 1}}`, `{"loss": "\u00312345678"}`,
		`{"milestone": "a hunter\/Ab b"}`, `{"milestone": "hunter\u0000/Ab"}`,
		`{"milestone": "` + strings.Repeat("x", results.MaxMilestone-4) + `hunter\/Ab"}`,
		`{"artifact": {"name": "hunter\/Ab", "value": 1}}`, `{"artifact": {"name": "n", "value": "s3://hunter\/Ab"}}`,
		`{"artifact": {"name": "n", "value": {"hunter\/Ab": ["\u0068unter/Ab", 3], "b\\\"": "hunter\/Ab"}}}`,
		`{"artifact": {"name": "hunter\u0001/Ab", "value": "\u0031\u0032345678"}}`,
		`{"artifact": {"name": "n", "value": "hunter\u0000/Ab"}}`,
		"{\"hunter\x1b[0m/Ab\": 1}", "hunter\x1b[0m/Ab loss=1",
	} {
		text, _ := s.Scan(nil, Unescaped([]byte(line)), true)
		m, _, _ := c.Read(text, s)
		var u Unread
		u.Add(ReasonShape, []byte(line), s)
		told := fmt.Sprint(m.Metrics, u)
		if m.Note != nil {
			var value any
			if m.Note.Value != nil {
				if err := json.Unmarshal(m.Note.Value, &value); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			}
			told += fmt.Sprint(m.Note.Milestone, m.Note.Name, value)
		}
		for _, secret := range []string{"unter", "12345678", "1.2345678e+07", "top.secret"} {
			if strings.Contains(told, secret) {
				t.Errorf("%s: %q is in %s", line, secret, told)
			}
		}
	}
}
