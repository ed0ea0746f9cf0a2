package shell

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// param is a macro as the callers of this package have them: ${name} is one value, ${all} any number of
// words.
type param string

func (p param) String() string   { return "${" + string(p) + "}" }
func (p param) Variable() string { return strings.ToUpper(string(p)) }
func (p param) IsList() bool     { return p == "all" }
func (p param) IsProgram() bool  { return false }
func (p param) IsValue() bool    { return p != "all" }

func parse(inner string) (Macro, error) {
	if !variableName.MatchString(inner) {
		return nil, errors.New("no macro: " + inner)
	}
	return param(inner), nil
}

// run puts values into a script and gives what a real shell makes of it.
func run(t *testing.T, script string, values ...string) string {
	t.Helper()
	parts, _, err := Script(script, nil, parse)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	var text strings.Builder
	for _, p := range parts {
		text.WriteString(p.Text)
		if p.Macro == nil {
			continue
		}
		quoted, err := p.Quote(values)
		if err != nil {
			t.Fatalf("%s: %v", script, err)
		}
		text.WriteString(quoted)
	}
	out, err := exec.Command("sh", "-c", text.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", text.String(), err, out)
	}
	return string(out)
}

func TestAValueIsDataInEveryQuoteOfEveryShell(t *testing.T) {
	const hostile = `a'b"c $(id) \ {x,y} *`
	for _, script := range []string{
		`printf %s ${v}`, `printf %s '${v}'`, `printf %s "${v}"`, `X=${v}; printf %s "$X"`,
		`sh -c 'printf %s ${v}'`, `sh -c "sh -c 'printf %s ${v}'"`, `eval 'printf %s ${v}'`,
		`sh -c 'printf %s "$1"' sh ${v}`,
	} {
		if got := run(t, script, hostile); got != hostile {
			t.Errorf("%s printed %q", script, got)
		}
	}
	if got := run(t, `printf '%s|' "${all}"`, "a b", "c"); got != "a b|c|" {
		t.Errorf("two words came as %q", got)
	}
	if got := run(t, `echo $((${n} - 1))`, "-3"); got != "-4\n" {
		t.Errorf("-3 - 1 = %q", got)
	}
}

func TestARefusalHasAPlaceAndARemedy(t *testing.T) {
	for script, place := range map[string]string{
		"echo `echo ${v}`":         "backquotes",
		"cat <<E\n${v}\nE":         "here-document",
		`sh -c 'printf "%s\n${v}'`: "cannot be read",
		`${v}=1 env`:               "the name of a variable",
		`fish -c 'echo ${v}'`:      "quotes are not those of sh",
	} {
		_, _, err := Script(script, nil, parse)
		var r *Refusal
		if !errors.As(err, &r) || !strings.Contains(r.Problem, place) || r.Remedy() == "" {
			t.Errorf("%s: %v", script, err)
		}
	}
}

func TestWhatMayBecomeCodeNeedsANumber(t *testing.T) {
	words, _, err := Words([]string{"python", "-c", "print(${v})", "--", "${v}"}, nil, parse)
	if err != nil {
		t.Fatal(err)
	}
	if n := words[2].Need; n == nil || n.Kind != Number ||
		!strings.Contains(n.Refuse(param("v")).Error(), "code for python") {
		t.Errorf("code needs %+v", n)
	}
	if words[4].Need != nil || words[4].Script {
		t.Errorf("a word behind the code needs %+v", words[4])
	}
	_, needed, err := Words([]string{"sh", "-c", `eval "$X"`}, []string{"X", "Y"}, parse)
	if err != nil || needed["X"] == nil || needed["X"].Kind != Number || needed["Y"] != nil {
		t.Errorf("eval of a variable needs %+v, %v", needed, err)
	}
}

func TestAFirstWordOfAScriptIsNotLost(t *testing.T) {
	for _, argv := range [][]string{
		{"sh", "-c", `printf %s "$@"`, "${all}"},
		{"docker", "run", "--entrypoint=sh", "image", "-c", `printf %s "$@"`, "${all}"},
		{"docker", "run", "--entrypoint=/bin/sh", "image", "-c", `printf %s "$@"`, "${all}"},
		{"docker", "run", "--entrypoint", "sh", "image", "-c", `printf %s "$@"`, "${all}"},
		{"capsh", "--", "-c", `printf %s "$@"`, "${all}"},
	} {
		if _, _, err := Words(argv, nil, parse); err == nil {
			t.Errorf("%q: the first of the words would be $0, and is taken", argv)
		}
	}
}

func TestAnEmptyWordIsNoGroup(t *testing.T) {
	if _, _, err := Words([]string{"sg", "", "echo ${v}"}, nil, parse); err != nil {
		t.Error(err)
	}
}

func TestQuoteIsReadBack(t *testing.T) {
	for _, word := range []string{"", "a", "=", "=a", "a b", "it's", "\n", "$x", "~", "{a,b}", "a=b"} {
		for _, quoted := range []string{Quote(word), QuoteAlways(word)} {
			if out, err := exec.Command("sh", "-c", "printf %s "+quoted).Output(); err != nil ||
				string(out) != word {
				t.Errorf("%q as %s is read as %q, %v", word, quoted, out, err)
			}
		}
	}
}
