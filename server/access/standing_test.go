package access

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Who may begin runs in whose name, by how they were known.
func TestStanding(t *testing.T) {
	tokens, err := OpenTokens(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, life := range map[string]time.Duration{"ann": 0, "bob": time.Nanosecond} {
		if _, _, err := tokens.Create(name, Submitter, life); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range []struct {
		name, knownBy string
		people        *People
		may           bool
	}{
		{Own().Name, "", nil, true},
		{"ann", byToken, nil, true}, {"ann", "", nil, true},
		{"bob", byToken, nil, false}, {"bob", "", &People{}, false},
		{"eve", byToken, nil, false}, {"eve", "", nil, false},
		{"eve", byIssuer, &People{}, true}, {"eve", byToken, &People{}, false}, {"eve", "", &People{}, true},
	} {
		if queues, err := Standing(tokens, one.people)(one.name, one.knownBy); (err == nil) != one.may || queues != nil {
			t.Errorf("%+v: %v, %v", one, queues, err)
		}
	}
	queuesOf := func(name string) string {
		queues, err := tokens.mayBegin(name)
		if err != nil || queues == nil {
			return fmt.Sprint(queues, err)
		}
		return strings.Join(*queues, " ")
	}
	for _, one := range []struct {
		role   Role
		queues []string
		want   string
	}{
		{Submitter, []string{"ci"}, "ci"}, {Viewer, nil, "ci"},
		{Submitter, []string{"a", "b"}, "ci a b"}, {Submitter, nil, "<nil> <nil>"},
	} {
		if _, _, err := tokens.Create("dan", one.role, 0, one.queues...); err != nil {
			t.Fatal(err)
		}
		if got := queuesOf("dan"); got != one.want {
			t.Errorf("with %+v triggers begin runs in %s", one, got)
		}
	}
}
