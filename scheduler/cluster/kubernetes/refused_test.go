package kubernetes

import (
	"strings"
	"testing"
)

// Only what the API server says of an account is a missing right: the words of a policy may be any.
func TestRefusalsForWantOfARight(t *testing.T) {
	for text, want := range map[string]bool{
		`pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "t"`:        true,
		`pods "a" is forbidden: User "system:serviceaccount:t:kaon" cannot get resource "pods" in API group ""`: true,
		`admission webhook "validation.gatekeeper.sh" denied the request: [cost] pod cannot run without a team`: false,
		`admission webhook "x" denied the request: User "u" cannot do that`:                                     false,
		`pods "a" is forbidden: exceeded quota: compute`:                                                        false,
	} {
		if got := denied(&StatusError{Code: 403, Message: text}); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestRemedyForQuotasThatWantLimits(t *testing.T) {
	for text, want := range map[string]bool{
		`pods "a" is forbidden: failed quota: all: must specify limits.cpu for: executor`: true,
		`pods "a" is forbidden: exceeded quota: all, requested: limits.cpu=1`:             false,
	} {
		if got := remedyOf(&StatusError{Code: 403, Message: text}).Error(); strings.Contains(got, "add limits=requests") != want {
			t.Errorf("%s", got)
		}
	}
}
