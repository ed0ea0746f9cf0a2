package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// strange are texts that were not thought of.
var strange = []string{
	"", " ", "..", "../..", "%2e%2e%2f", "a/b", "sweeps/../../x", ".", "-1", "0", "1", "999999999999999999999", "NaN", "1e999", "null", "true", "{}", "[]", "\x00", "\xff",
	"𝕏", "x\ny", "' OR 1=1 --", "${envvar:HOME}", "<script>", strings.Repeat("a", 250), strings.Repeat("🦀", 100), "lr=1", "run_cap=-1", "parameters.x.values=[.nan]",
	"parameters={}", "seed=99999999999999999999", "limits.wall=-5h", "=", "value", "kaon_x", "method: grid", "- [", "params.x > 1", "1 +", "at:5", "YXQ6NQ", "bytes=5-1", "9223372036854775807", "YXQ6OTIyMzM3MjAzNjg1NDc3NTgwNw", // at:5 and at:9223372036854775807
}

// strangeBodies are bodies that are no value of any schema.
var strangeBodies = []string{"", "null", "[]", "{", "NaN", "1e999", `"x"`, "\x00", strings.Repeat("[", 20_000), `{"spec":` + strings.Repeat(`{"spec":`, 5000), `{"set":[null]}`, "\xff\xfe"}

// stranger makes requests that follow the document more or less.
type stranger struct {
	*rand.Rand
	judge *judge
	known []string            // ids that there are
	names map[string][]string // values that parameters of a name may have, as they are known
}

func (s *stranger) one(of []string) string { return of[s.IntN(len(of))] }

// text is a text, at times of one that there is.
func (s *stranger) text() string {
	if s.IntN(3) == 0 {
		return s.one(s.known)
	}
	return s.one(strange)
}

type docSchema struct {
	Ref        string          `json:"$ref"`
	Type       json.RawMessage `json:"type"`
	Enum       []any           `json:"enum"`
	Items      *docSchema      `json:"items"`
	Properties map[string]*docSchema
	OneOf      []*docSchema `json:"oneOf"`
}

// value is a value that a schema may have, or another.
func (s *stranger) value(schema *docSchema, depth int) any {
	if schema == nil || depth > 4 || s.IntN(12) == 0 {
		return []any{nil, true, -1, 1.5, 1e300, s.text(), []any{}, map[string]any{"x": s.text()}, []any{nil, s.text()}}[s.IntN(9)]
	}
	if name, isRef := strings.CutPrefix(schema.Ref, "#/$defs/"); isRef {
		var next docSchema
		if json.Unmarshal(s.judge.schemas[name], &next) != nil {
			return nil
		}
		return s.value(&next, depth+1)
	}
	if len(schema.Enum) > 0 {
		return schema.Enum[s.IntN(len(schema.Enum))]
	}
	kind := string(schema.Type)
	switch {
	case strings.Contains(kind, "object"):
		out := map[string]any{}
		for name, of := range schema.Properties {
			if s.IntN(2) == 0 {
				out[name] = s.value(of, depth+1)
			}
		}
		return out
	case strings.Contains(kind, "array"):
		out := []any{}
		for range s.IntN(3) {
			out = append(out, s.value(schema.Items, depth+1))
		}
		return out
	case strings.Contains(kind, "integer"), strings.Contains(kind, "number"):
		return []any{0, 1, 2, -1, 100, 1 << 40, 1e19, 0.5}[s.IntN(8)]
	case strings.Contains(kind, "boolean"):
		return s.IntN(2) == 0
	}
	return s.text()
}

// request is a request of an operation.
func (s *stranger) request(op *judged) (path, body string) {
	path = op.path
	query := url.Values{}
	for _, p := range op.op.Parameters {
		var schema docSchema
		_ = json.Unmarshal(p.Schema, &schema)
		text := func() string {
			if s.IntN(2) == 0 {
				return s.text()
			}
			v := s.value(&schema, 0)
			if list, ok := v.([]any); ok && len(list) > 0 {
				v = list[0]
			}
			return fmt.Sprint(v)
		}
		switch p.In {
		case "path":
			value := text()
			if good := s.names[p.Name]; good != nil && s.IntN(2) == 0 {
				value = s.one(good)
			}
			if value == "" {
				value = "x"
			}
			if op.op.ID == "delete-sweep" || op.op.ID == "delete-workflow-run" || op.op.ID == "remove-registered-workflow" {
				value += "x" // what others of the test ask for stays
			}
			path = strings.NewReplacer("{"+p.Name+"}", url.PathEscape(value), "{"+p.Name+"...}", url.PathEscape(value)).Replace(path)
		case "query":
			for range s.IntN(3) {
				query.Add(p.Name, text())
			}
		}
	}
	if s.IntN(20) == 0 {
		query.Add(s.one(strange), "x")
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if op.op.Body == nil {
		return path, ""
	}
	if s.IntN(4) == 0 {
		return path, s.one(strangeBodies)
	}
	for _, content := range op.op.Body.Content {
		var schema docSchema
		_ = json.Unmarshal(content.Schema, &schema)
		text, _ := json.Marshal(s.value(&schema, 0))
		body = string(text)
	}
	return path, body
}

// Whatever is asked, of every operation, the answer is as the document has it, and no fault of the server's.
func TestAttackEveryOperation(t *testing.T) {
	w := newWorld(t)
	first := w.submit(access.Submitter, Submission{Spec: three})
	w.ended(first.ID)
	j, err := theJudge()
	if err != nil {
		t.Fatal(err)
	}
	const each = 40
	const steps = "name: strange\nparameters: {n: 1}\ntriggers: [{cron: '0 3 * * *', catch_up: none}, {signal: go}]\n" +
		"steps: {a: {command: 'true'}, b: {type: notify, message: '${x}'}, c: {type: wait, signal: go}}\n" +
		"graph: \"s ==> (a, **(x = ['one', 'two']) --< b >--, c) >== e\"\n"
	post[Registration](w, access.Submitter, "/registered-workflows", WorkflowSubmission{Source: steps}, http.StatusOK)
	flow := w.run(access.Submitter, WorkflowSubmission{Source: steps})
	begun := w.until(flow.Run, "steps", func(s WorkflowStatus) bool { return stateIn(s, "a").Ended() && stateIn(s, "c") == engine.Running })
	keys := []string{"b[0]", "b[7]"}
	for _, step := range begun.Steps {
		keys = append(keys, step.Step)
	}
	s := &stranger{rand.New(rand.NewPCG(14, 2)), j, []string{first.ID, first.ID + "/1", "three", three, "loss", "1", flow.Run, "a", "strange"}, map[string][]string{
		"sweep": {first.ID}, "run": {flow.Run}, "step": keys, "workflow": {"strange"}, "signal": {"go"},
	}}
	asRoles := []access.Role{access.Admin, access.Admin, access.Admin, access.Operator, access.Submitter, access.Viewer, ""}
	for i := range j.operations {
		op := &j.operations[i]
		for range each {
			path, body := s.request(op)
			w.strange(op, asRoles[s.IntN(len(asRoles))], path, body)
		}
	}
	if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/sweeps/"+first.ID, nil); status != http.StatusOK {
		t.Errorf("afterwards: %d %s", status, answer)
	}
	testkit.Await(t, "what strangers submitted to end", func() bool { // also where they paused it, or keep its agent from work
		left := get[Page[Sweep]](w, access.Viewer, "/sweeps?state=running&archived=true")
		for _, s := range left.Items {
			w.ask(access.Admin, http.MethodPost, Prefix+"/sweeps/"+s.ID+"/stop", nil)
		}
		return left.Total == 0
	})
}

// strange asks and judges the answer; of a stream its beginning.
func (w *world) strange(op *judged, role access.Role, path, body string) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	rq, err := http.NewRequestWithContext(ctx, op.method, w.address+path, strings.NewReader(body))
	if err != nil {
		return // not even Go's client sends it
	}
	rq.Header.Set("Content-Type", "application/json")
	if role != "" {
		rq.Header.Set("Authorization", "Bearer "+w.as[role])
	}
	rs, err := w.strangers.Do(rq)
	if err != nil {
		w.t.Errorf("%s %s: %v", op.method, path, err)
		return
	}
	defer rs.Body.Close()
	if rs.StatusCode == http.StatusOK && strings.HasSuffix(op.path, "/events") {
		return
	}
	answer, err := io.ReadAll(rs.Body)
	if err != nil {
		w.t.Errorf("%s %s: %v", op.method, path, err)
		return
	}
	if at, _, _ := strings.Cut(path, "?"); op.of.MatchString(at) && rs.StatusCode/100 != 3 && !strings.HasPrefix(string(answer), "404 page not found") {
		if err := w.judgeOf(op, rs, answer); err != nil {
			w.t.Errorf("%s %.300s as %q with %.300q: %v\n%.300s", op.method, path, role, body, err, answer)
		}
	} else if rs.StatusCode >= 500 {
		w.t.Errorf("%s %.300s: %d", op.method, path, rs.StatusCode)
	}
}

func (w *world) judgeOf(op *judged, rs *http.Response, answer []byte) error {
	j, err := theJudge()
	if err != nil {
		return err
	}
	return j.check(op, rs, answer)
}

// No operation takes a body of any length.
func TestAttackBodies(t *testing.T) {
	w := newWorld(t)
	j, err := theJudge()
	if err != nil {
		t.Fatal(err)
	}
	large := `{"reason":"` + strings.Repeat("a", 5<<20) + `"}`
	for i := range j.operations {
		op := &j.operations[i]
		if op.op.Body == nil || op.op.ID == "upload-folder" { // which has a bound of its own
			continue
		}
		path := strings.NewReplacer("{sweep}", "none-aaaaaa", "{trial}", "1", "{token}", "none").Replace(op.path)
		rq, err := http.NewRequestWithContext(t.Context(), op.method, w.address+path, strings.NewReader(large))
		if err != nil {
			t.Fatal(err)
		}
		rq.Header.Set("Content-Type", "application/json")
		rq.Header.Set("Authorization", "Bearer "+w.as[access.Admin])
		rs, err := http.DefaultClient.Do(rq)
		if err != nil {
			continue // it was cut off while it was sent
		}
		rs.Body.Close()
		if rs.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", op.op.ID, rs.StatusCode)
		}
	}
}

// A page that begins beyond any list is empty, and ends nobody's server.
func TestAttackOffsets(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: "method: grid\nmetric: {name: y, goal: maximize}\nparameters: {x: {values: [1, 2]}}\ncommand: echo y=${param.x}\n"})
	at := "/sweeps/" + w.ended(s.ID).ID
	spec := get[[]Object](w, access.Viewer, "/objects?prefix=sweeps/"+s.ID+"/spec.yaml")[0]
	if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/objects/"+spec.Name, nil, "Range: bytes=0-9223372036854775807"); status != http.StatusPartialContent || int64(len(answer)) != spec.Size {
		t.Errorf("a range without end: %d, %d bytes of %d", status, len(answer), spec.Size)
	}
	for _, begin := range []string{"offset=9223372036854775807", "cursor=YXQ6OTIyMzM3MjAzNjg1NDc3NTgwNw"} { // at: the same
		for _, list := range []string{at + "/trials?sort=trial", at + "/trials?sort=value", at + "/trials?sort=seconds", at + "/trials?sort=params.x",
			at + "/trials?sort=value&filter=" + url.QueryEscape("params.x > 0"), "/sweeps?", "/workflows?"} {
			if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+list+"&"+begin, nil); status/100 == 5 || strings.Contains(string(answer), `"trial":`) {
				t.Errorf("%s&%s: %d %.300s", list, begin, status, answer)
			}
		}
	}
}
