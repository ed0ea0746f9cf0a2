package mask

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSecretsAreMaskedHoweverTheyAreCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab]{1,6}`)
		values := map[string]string{"A": word.Draw(t, "a"), "B": word.Draw(t, "b")}
		text := rapid.StringMatching(`([abc]|\\u006[123]|\x1b\[3[12]m|\\[u\\"]){0,60}`).Draw(t, "text")
		s := New(values)
		var got strings.Builder
		m := Stream{Secrets: s, Use: func(p []byte) { got.Write(p) }}
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			m.Feed([]byte(rest[:n]))
			rest = rest[n:]
		}
		m.Flush()
		if want := s.Mask(text); got.String() != want {
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
	s := New(map[string]string{"KEY": "-----BEGIN-----\nabcdefgh12345678\n--\n"})
	if got := s.Mask("echo: abcdefgh12345678!"); got != "echo: ***!" {
		t.Errorf("got %q", got)
	}
	if got := s.Mask("a -- b"); got != "a -- b" {
		t.Errorf("got %q", got)
	}
	if s := New(nil); s.Mask("x") != "x" {
		t.Error("no secrets, and masked")
	}
}

// A secret with characters that JSON escapes is masked as programs of several languages print it.
func TestSecretsAreMaskedAsJSONWritesThem(t *testing.T) {
	s := New(map[string]string{"A": "a\"b/<é😀\n&x"})
	for _, text := range []string{`a\"b/<é😀\n&x`, `a\"b/\u003cé😀\n\u0026x`, `a\"b\/<\u00e9\ud83d\ude00\n&x`, `a\"b/<\u00e9\ud83d\ude00\n&x`} {
		if got := s.Mask(`{"k": "` + text + `"}`); got != `{"k": "***"}` {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

// However a secret's characters are written, and whatever unseen stands between them, it is masked in streams.
func TestWrittenSecretsAreMaskedInStreams(t *testing.T) {
	s := New(map[string]string{"A": "hun\\ter/2😀", "B": "pass\"word"})
	ascii := ""
	for _, r := range `hun\ter/2` {
		ascii += fmt.Sprintf(`\u%04X`, r)
	}
	for _, text := range []string{ascii + `\ud83d\uDE00`, `hun\\ter\/2😀`, `hun\ter/2😀`, "hun\\\x1b[1;31mter\x1b[0m/2😀", `hun\u001b[31m\\ter/2😀`,
		"hun\\t\x00er/2\x1b[K😀", `pass\"word`, `pass\u0022word`, "pass\x1b[31m\"word"} {
		for cut := range len(text) {
			var got strings.Builder
			m := Stream{Secrets: s, Use: func(p []byte) { got.Write(p) }}
			m.Feed([]byte("a " + text[:cut]))
			m.Feed([]byte(text[cut:] + " b"))
			m.Flush()
			if got.String() != "a *** b" {
				t.Fatalf("%q cut at %d: got %q", text, cut, got.String())
			}
		}
	}
	for _, text := range []string{`hun\`, `\u0068un`, "hun\x1b[", `\`, `\u00`, "pass\x1b[31m word"} {
		if got := s.Mask(text); got != text {
			t.Errorf("%q: got %q", text, got)
		}
	}
}
