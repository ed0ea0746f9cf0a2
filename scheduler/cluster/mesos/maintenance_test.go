package mesos

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// Events about maintenance as Mesos writes them.
func TestMaintenanceEvents(t *testing.T) {
	at := time.Unix(1443830400, 5).UTC()
	for text, want := range map[string]cluster.Event{
		`{"type":"INVERSE_OFFERS","inverse_offers":{"inverse_offers":[{"id":{"value":"m-O1"},"url":{"scheme":"http","address":{"hostname":"h","ip":"10.0.0.1","port":5051},"path":"/slave(1)"},` +
			`"framework_id":{"value":"f"},"agent_id":{"value":"m-S0"},"unavailability":{"start":{"nanoseconds":1443830400000000005},"duration":{"nanoseconds":3600000000000}}},` +
			`{"id":{"value":"m-O2"},"framework_id":{"value":"f"},"unavailability":{"start":{"nanoseconds":1443830400000000005}}}]}}`: cluster.InverseOffered{Offers: []cluster.InverseOffer{
			{ID: "m-O1", Agent: "m-S0", Hostname: "h", Unavailable: offers.Unavailability{Start: at, End: at.Add(time.Hour)}},
			{ID: "m-O2", Unavailable: offers.Unavailability{Start: at}},
		}},
		`{"type":"RESCIND_INVERSE_OFFER","rescind_inverse_offer":{"inverse_offer_id":{"value":"m-O1"}}}`: cluster.InverseRescinded{Offer: "m-O1"},
		`{"type":"OFFERS","offers":{"offers":[{"id":{"value":"m-O3"},"framework_id":{"value":"f"},"agent_id":{"value":"m-S0"},"hostname":"h",` +
			`"unavailability":{"start":{"nanoseconds":1443830400000000005},"duration":{"nanoseconds":-1}}}]}}`: cluster.Offered{Offers: []offers.Offer{
			{ID: "m-O3", Agent: "m-S0", Hostname: "h", Amounts: []offers.Amount{}, Unavailable: offers.Unavailability{Start: at}},
		}},
	} {
		if got := DecodeEvent(decodeEvent(t, json.RawMessage(text))); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngives %+v\nwant  %+v", text, got, want)
		}
	}
}

// Answers to inverse offers as Mesos reads them, with a filter in any case: without it Mesos would wait five seconds.
func TestAnswersToInverseOffers(t *testing.T) {
	ids := []offers.OfferID{"m-O1", "m-O2"}
	for _, c := range []struct {
		call cluster.Call
		want string
	}{
		{cluster.AcceptInverse{Offers: ids}, `{"framework_id":{"value":"f"},"type":"ACCEPT_INVERSE_OFFERS","accept_inverse_offers":{"inverse_offer_ids":[{"value":"m-O1"},{"value":"m-O2"}],"filters":{"refuse_seconds":0}}}`},
		{cluster.DeclineInverse{Offers: ids[:1], Refuse: time.Minute}, `{"framework_id":{"value":"f"},"type":"DECLINE_INVERSE_OFFERS","decline_inverse_offers":{"inverse_offer_ids":[{"value":"m-O1"}],"filters":{"refuse_seconds":60}}}`},
	} {
		got, err := EncodeCall(c.call, "f", "*")
		if err != nil {
			t.Fatal(err)
		}
		var want api.Call
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if !got.Equal(&want) {
			t.Errorf("%T: %v, want %v", c.call, got, want)
		}
	}
}
