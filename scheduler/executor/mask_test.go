package executor

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

func TestSecretsAreMaskedHoweverTheyAreCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab]{1,6}`)
		values := map[string]string{"A": word.Draw(t, "a"), "B": word.Draw(t, "b")}
		text := rapid.StringMatching(`[abc]{0,60}`).Draw(t, "text")
		s := newSecrets(values)
		var got strings.Builder
		m := masker{secrets: s, use: func(p []byte) { got.Write(p) }}
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			m.feed([]byte(rest[:n]))
			rest = rest[n:]
		}
		m.flush()
		if want := s.mask(text); got.String() != want {
			t.Fatalf("in pieces %q, at once %q", got.String(), want)
		}
		for _, v := range values {
			if strings.Contains(got.String(), v) {
				t.Fatalf("%q is in %q", v, got.String())
			}
		}
	})
}

func TestLinesOfASecretAreMaskedToo(t *testing.T) {
	s := newSecrets(map[string]string{"KEY": "-----BEGIN-----\nabcdefgh12345678\n--\n"})
	if got := s.mask("echo: abcdefgh12345678!"); got != "echo: ***!" {
		t.Errorf("got %q", got)
	}
	if got := s.mask("a -- b"); got != "a -- b" {
		t.Errorf("got %q", got)
	}
	if s := newSecrets(nil); s.mask("x") != "x" {
		t.Error("no secrets, and masked")
	}
}

// What JSON writes by escapes, joins from parts or leaves out is masked as it is in the end.
func TestSecretsAreMaskedAfterDecoding(t *testing.T) {
	s := newSecrets(map[string]string{"A": "hunter/Ab", "B": "12345678", "C": "top.secret"})
	c, err := newCollector(&task.Order{Objective: "loss"})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`{"hunter\/\u0041b": 1}`, `{"x": {"\u0068unter/Ab": 1}}`, `{"top": {"secret": 1}}`, `{"loss": "\u00312345678"}`,
		`{"milestone": "a hunter\/Ab b"}`, `{"milestone": "hunter\u0000/Ab"}`, `{"milestone": "` + strings.Repeat("x", results.MaxMilestone-4) + `hunter\/Ab"}`,
		`{"artifact": {"name": "hunter\/Ab", "value": 1}}`, `{"artifact": {"name": "n", "value": "s3://hunter\/Ab"}}`,
		`{"artifact": {"name": "n", "value": {"hunter\/Ab": ["\u0068unter/Ab", 3], "b\\\"": "hunter\/Ab"}}}`,
		`{"artifact": {"name": "hunter\u0001/Ab", "value": "\u0031\u0032345678"}}`, `{"artifact": {"name": "n", "value": "hunter\u0000/Ab"}}`,
		"{\"hunter\x1b[0m/Ab\": 1}", "hunter\x1b[0m/Ab loss=1",
	} {
		text, _ := s.scan(nil, unescaped([]byte(line)), true)
		m, _, _ := c.line(text, s)
		var u unread
		u.add(missShape, []byte(line), s)
		told := fmt.Sprint(m.metrics, u)
		if m.note != nil {
			var value any
			if m.note.Value != nil {
				if err := json.Unmarshal(m.note.Value, &value); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			}
			told += fmt.Sprint(m.note.Milestone, m.note.Name, value)
		}
		for _, secret := range []string{"unter", "12345678", "1.2345678e+07", "top.secret"} {
			if strings.Contains(told, secret) {
				t.Errorf("%s: %q is in %s", line, secret, told)
			}
		}
	}
	last := &lastLines{}
	_, _ = last.Write([]byte("a hunter\x00/Ab b\n" + strings.Repeat("x", lastWidth-4) + "hunter\x01/Ab\n"))
	if got := strings.Join(last.lines(s), "\n"); strings.Contains(got, "hunt") && !strings.Contains(got, "***") || strings.Contains(got, "hunter") {
		t.Errorf("got %q", got)
	}
}

// A secret with characters that JSON escapes is masked as programs of several languages print it.
func TestSecretsAreMaskedAsJSONWritesThem(t *testing.T) {
	s := newSecrets(map[string]string{"A": "a\"b/<é😀\n&x"})
	for _, text := range []string{`a\"b/<é😀\n&x`, `a\"b/\u003cé😀\n\u0026x`, `a\"b\/<\u00e9\ud83d\ude00\n&x`, `a\"b/<\u00e9\ud83d\ude00\n&x`} {
		if got := s.mask(`{"k": "` + text + `"}`); got != `{"k": "***"}` {
			t.Errorf("%s: got %s", text, got)
		}
	}
}
