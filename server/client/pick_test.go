package client

import (
	"errors"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
)

// A whole id names its sweep, also where it begins another's, before labels do; a beginning names the only one that has it.
func TestPick(t *testing.T) {
	all := []api.Sweep{
		{ID: "oak-aaaaaa-2", Labels: []string{"oak-aaaaaa", "good"}}, {ID: "oak-aaaaaa"}, {ID: "ash-bbbbbb", Labels: []string{"good"}},
	}
	for text, want := range map[string]string{
		"": "oak-aaaaaa-2", "@latest": "oak-aaaaaa-2", "oak-aaaaaa": "oak-aaaaaa", "oak-aaaaaa-2": "oak-aaaaaa-2", "ash": "ash-bbbbbb",
		"good": "oak-aaaaaa-2", "oak": "", "elm": "",
	} {
		got, err := Pick(all, text)
		if got != want || (want == "") != errors.Is(err, ErrAmbiguous) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
