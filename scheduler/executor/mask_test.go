package executor

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
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
