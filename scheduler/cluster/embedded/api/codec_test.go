package api

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/master"
)

// Every message of the recordings comes out of our encoder as it went in.
func TestRecordedJSON(t *testing.T) {
	files, err := filepath.Glob("../testdata/recordings/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			var l map[string]json.RawMessage
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			for kind, m := range map[string]Message{"event": &scheduler.Event{}, "call": &scheduler.Call{}} {
				if strings.Contains(f, ".executor.") {
					m = map[string]Message{"event": &executor.Event{}, "call": &executor.Call{}}[kind]
				}
				raw := string(l[kind])
				if raw == "" {
					continue
				}
				// mesos-go cannot read this name, but we write it: the conformance test sees it.
				raw = strings.Replace(raw, `,{"type":"QUOTA_V2"}`, "", 1)
				// An empty list and no list are the same to protobuf, which is what Mesos has inside.
				raw = strings.NewReplacer(`{"tasks":[]}`, `{}`, `{"unacknowledged_tasks":[],"unacknowledged_updates":[]}`,
					`{}`).Replace(raw)
				if err := json.Unmarshal([]byte(raw), m); err != nil {
					t.Fatalf("%s: %v", f, err)
				}
				var want, got any
				if err := json.Unmarshal([]byte(raw), &want); err != nil {
					t.Fatal(err)
				}
				out := appendJSON(nil, m)
				if err := json.Unmarshal(out, &got); err != nil {
					t.Fatalf("%s: %v", out, err)
				}
				if !reflect.DeepEqual(want, got) {
					t.Errorf("%s\nwant %s\ngot  %s", f, raw, out)
				}
				n++
			}
		}
	}
	if n < 300 {
		t.Fatalf("only %d messages", n)
	}
}

// What is broken about JSON is said as Mesos's parser says it.
func TestSyntaxErrors(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":1}`:      "",
		" {} \n":       "",
		`{`:            "syntax error at line 1 near: ",
		"{\n\"a\": x}": "syntax error at line 2 near: x}",
		`{} x`:         "parsed JSON included non-whitespace trailing characters: x",
		"":             "syntax error at line 1 near: ",
	} {
		if got := syntaxError([]byte(body)); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}

// Any body is either a call or a client error, in both notations.
func FuzzParseCall(f *testing.F) {
	f.Add(true, []byte(`{"type":"SUBSCRIBE"}`))
	f.Add(true, []byte(`{"type":"ACKNOWLEDGE","acknowledge":{"uuid":"AA=="}}`))
	f.Add(false, []byte("zzz"))
	f.Fuzz(func(t *testing.T, isJSON bool, body []byte) {
		kind := Protobuf
		if isJSON {
			kind = JSON
		}
		var c scheduler.Call
		a, ok := parseCall(kind, body, &c)
		if !ok {
			if a.Status != 400 {
				t.Fatalf("status %d", a.Status)
			}
			return
		}
		_ = master.CheckCall(&c, "")
		if out := appendJSON(nil, &c); !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
	})
}
