package mesos

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// recordings of a real Mesos 1.12 master, which the embedded cluster is held to as well.
const recordings = "../embedded/testdata/recordings"

type line struct {
	Dir   string          `json:"dir"`
	Event json.RawMessage `json:"event"`
	Call  json.RawMessage `json:"call"`
}

func recording(t testing.TB, name string) []line {
	t.Helper()
	return readRecording(t, filepath.Join(recordings, name+".jsonl"))
}

func readRecording(t testing.TB, name string) []line {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []line
	for s := bufio.NewScanner(f); s.Scan(); {
		var l line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, l)
	}
	return out
}

func decodeEvent(t testing.TB, text []byte) *api.Event {
	t.Helper()
	var e api.Event
	// mesos-go's JSON does not know a capability of Mesos 1.9; its protobuf lets it pass.
	text = bytes.ReplaceAll(text, []byte(`,{"type":"QUOTA_V2"}`), nil)
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	// The way over the wire, so that what is tested is what protobuf carries.
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var again api.Event
	if err := again.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	return &again
}

// TestRecordedEvents shows what becomes of every event a real master sent.
func TestRecordedEvents(t *testing.T) {
	datadriven.RunTest(t, "testdata/events", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		for _, l := range recording(t, d.Cmd) {
			if l.Dir != "event" {
				continue
			}
			e := decodeEvent(t, l.Event)
			if ours := DecodeEvent(e); ours != nil {
				out.WriteString(short(ours))
			}
		}
		return out.String()
	})
}

// short writes an event on one line, ids without the master's part.
func short(e cluster.Event) string {
	id := func(s string) string { return s[strings.LastIndexByte(s, '-')+1:] }
	switch e := e.(type) {
	case cluster.Offered:
		var out strings.Builder
		for _, o := range e.Offers {
			fmt.Fprintf(&out, "offered %s of %s %s role %s:", id(string(o.ID)), id(string(o.Agent)), o.Hostname,
				o.Role)
			for _, a := range o.Amounts {
				fmt.Fprintf(&out, " %s=%s", a.Name, quantity(a))
			}
			for _, a := range o.Attributes {
				fmt.Fprintf(&out, " %s:%s", a.Name, a.Value)
			}
			fmt.Fprintf(&out, " executors %v at %s\n", o.Executors, o.URL)
		}
		return out.String()
	case cluster.Updated:
		s := e.Status
		return fmt.Sprintf("updated %s on %q executor %q: %s by %s %s %q, uuid of %d, data of %d, %s\n", s.Task,
			id(string(s.Agent)), s.Executor,
			s.State, s.Source, s.Reason, s.Message, len(s.UUID), len(s.Data), s.Time.Format(time.RFC3339Nano))
	case cluster.Rescinded:
		return fmt.Sprintf("rescinded %s\n", id(string(e.Offer)))
	case cluster.AgentGone:
		return fmt.Sprintf("agent %s gone\n", id(string(e.Agent)))
	case cluster.ExecutorGone:
		return fmt.Sprintf("executor %s on %s gone, wait status %d\n", e.Executor, id(string(e.Agent)), e.Wait)
	case cluster.ExecutorMessage:
		return fmt.Sprintf("executor %s on %s said %q\n", e.Executor, id(string(e.Agent)), e.Data)
	}
	return fmt.Sprintf("%+v\n", e)
}

func quantity(a offers.Amount) string {
	if a.Ranges != nil {
		return fmt.Sprint(a.Ranges)
	}
	return fmt.Sprint(float64(a.Scalar) / float64(resource.Unit))
}

// TestRecordedCallsAreWritten makes the calls of the recordings from our own and compares them, field by
// field.
func TestRecordedCallsAreWritten(t *testing.T) {
	lines := recording(t, "executor")
	var offer offers.Offer
	for _, l := range lines {
		if l.Dir == "event" {
			if o, ok := DecodeEvent(decodeEvent(t, l.Event)).(cluster.Offered); ok && offer.ID == "" {
				offer = o.Offers[0]
			}
		}
	}
	share := func(name string, amount resource.Milli) offers.Amount {
		for _, a := range offer.Amounts {
			if a.Name == name {
				a.Scalar = amount
				return a
			}
		}
		t.Fatalf("no %s in the offer", name)
		return offers.Amount{}
	}
	small := []offers.Amount{share("cpus", 100), share("mem", 32*resource.Unit)}
	uuid, err := base64.StdEncoding.DecodeString("cRvyuBOrQTyoc4YYzEs0Jg==")
	if err != nil {
		t.Fatal(err)
	}
	framework := "fe3bf77e-0aad-42e6-9b83-696829ac46ae-0016"
	for _, ours := range []cluster.Call{
		cluster.Accept{Agent: offer.Agent, Offers: []offers.OfferID{offer.ID}, Tasks: []cluster.TaskInfo{{
			ID: "e1", Name: "e1", Resources: small, Data: []byte("payload of e1"),
			Executor: cluster.ExecutorInfo{ID: "ex-1", Name: "capexec", Argv: []string{"/usr/local/bin/capexec"},
				Resources: small}}}},
		cluster.Acknowledge{Task: "e1", Agent: offer.Agent, UUID: uuid},
		cluster.Message{Agent: offer.Agent, Executor: "ex-1", Data: []byte("hello executor")},
		cluster.Kill{Task: "e2"},
		cluster.Teardown{},
	} {
		c, err := EncodeCall(ours, cluster.FrameworkID(framework), "*")
		if err != nil {
			t.Fatal(err)
		}
		got := normal(t, c)
		found := false
		for _, l := range lines {
			var theirs api.Call
			if l.Dir != "call" || json.Unmarshal(l.Call, &theirs) != nil || theirs.Type != c.Type {
				continue
			}
			found = true
			if want := normal(t, &theirs); got != want {
				t.Errorf("%s: got\n%s\nwant\n%s", c.Type, got, want)
			}
			break
		}
		if !found {
			t.Errorf("%s: not in the recording", c.Type)
		}
	}
}

// normal writes a call as JSON, without what differs on purpose: the recording's scheduler ran its executor
// by a shell and wrote no roles into resources.
func normal(t testing.TB, c *api.Call) string {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	s := strings.NewReplacer(`"role":"*","allocation_info"`, `"allocation_info"`, `,"role":"*"`, ``,
		`"shell":true`, `"shell":false`,
		`,"arguments":["/usr/local/bin/capexec"]`, ``).Replace(string(text))
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	text, _ = json.MarshalIndent(v, "", " ")
	return string(text)
}

// What a task and its executor use names its reservation exactly as the master offered it, also when the
// executor's part comes from a journal.
func TestReservationsGoBackAsTheyCame(t *testing.T) {
	lines := readRecording(t, "testdata/recordings/reservations.jsonl")
	var got, want string
	for _, l := range lines {
		switch l.Dir {
		case "event":
			o, ok := DecodeEvent(decodeEvent(t, l.Event)).(cluster.Offered)
			if !ok || got != "" {
				continue
			}
			cut := func(cpus, mem resource.Milli) (all []offers.Amount) {
				for _, a := range o.Offers[0].Amounts {
					switch {
					case a.Reservation == "":
						continue
					case a.Name == "cpus":
						a.Scalar = cpus
					case a.Name == "mem":
						a.Scalar = mem * resource.Unit
					}
					all = append(all, a)
				}
				return all
			}
			executor := cut(100, 32)
			if len(executor) == 0 {
				continue // the offer of before the reservation
			}
			got = asJSON(t, resources(executor, "dyn")) + asJSON(t, resources(cut(300, 64), "dyn"))
		case "call":
			var c api.Call
			if err := json.Unmarshal(l.Call, &c); err != nil {
				t.Fatal(err)
			}
			if c.Type == api.Call_ACCEPT {
				task := c.Accept.Operations[0].Launch.TaskInfos[0] // the one that ran
				want = asJSON(t, task.Executor.Resources) + asJSON(t, task.Resources)
			}
		}
	}
	if got == "" || got != want {
		t.Errorf("handed back\n%s\nwant\n%s", got, want)
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
