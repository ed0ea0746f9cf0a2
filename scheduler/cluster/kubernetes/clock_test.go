package kubernetes

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What stands in a pod's way is found though the clocks of the cluster are an hour before or behind ours.
func TestClockOfTheAPIServer(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, time.Hour} {
		there := func() time.Time { return time.Now().Add(ahead).UTC().Truncate(time.Second) }
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", there().Format(http.TimeFormat))
			_ = json.NewEncoder(w).Encode(map[string]any{"items": []eventObject{
				{Reason: "FailedMount", Message: "no such claim", Type: warning, Last: there().Add(-time.Minute)},
			}})
		}))
		defer server.Close()
		api, err := NewAPI(&Account{Server: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		defer api.Close()
		log := slog.New(slog.DiscardHandler)
		c := &Cluster{api: api, log: log, events: newEvents(api, log), conf: Config{StartTimeout: 3 * time.Minute}}
		if err := api.call(t.Context(), http.MethodGet, "/nodes", nil, nil, nil); err != nil {
			t.Fatal(err)
		}
		p := &pod{Metadata: meta{Name: "p", Namespace: "n", UID: "u", Created: there().Add(-2 * time.Minute)}}
		x := &container{cluster: c, node: &node{name: "n1"}}
		if o := x.told(t.Context(), p); !strings.Contains(o.why, "no such claim") {
			t.Errorf("%v before ours: %+v", ahead, o)
		}
		young := &container{cluster: c, node: &node{name: "n1"}}
		p.Metadata.Created = there()
		if o := young.told(t.Context(), p); o.why != "" || !young.asked.IsZero() {
			t.Errorf("%v before ours: the Events of a pod just made were asked for: %+v", ahead, o)
		}
		c.events.tell(p, normal, eventKilled, "why")
		if e := <-c.events.queue; e.Last.Sub(there()).Abs() > 5*time.Minute {
			t.Errorf("%v before ours: an Event of %v is written at %v", ahead, e.Last, there())
		}
	}
}
