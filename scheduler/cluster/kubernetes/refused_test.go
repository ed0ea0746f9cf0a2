package kubernetes

import "testing"

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
	later := &StatusError{Code: 403, Message: `pods "a" is forbidden: error looking up service account t/default: ` +
		`serviceaccount "default" not found`}
	if !young(later) || denied(later) || young(&StatusError{Code: 403, Message: "exceeded quota"}) {
		t.Error("an account that is still to come is told from nothing else")
	}
}
