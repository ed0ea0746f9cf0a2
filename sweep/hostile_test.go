package sweep

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Specs made to hurt are refused or read in bounded time and stack. The bound is loose, since it only has to
// tell seconds from for ever.
func TestHostileSpecsEnd(t *testing.T) {
	head := "method: random\nprogram: x\nparameters:\n"
	long := func(s string, bytes int) string { return strings.Repeat(s, bytes/len(s)) }
	const limit = maxSource / 4 // enough to make what is quadratic take minutes
	for name, text := range map[string]string{
		"ten megabytes":       head + "  a: {values: [" + long("1, ", 10<<20) + "]}",
		"a long list":         head + "  a: {values: [" + long("1, ", 100_000) + "1]}",
		"a long string":       head + "  a: {value: \"" + long("x", limit) + "\"}",
		"many brackets":       long("[", limit),
		"many braces":         long("{a: ", limit),
		"many dashes":         long("- ", limit),
		"many questions":      long("? ", limit),
		"many tags":           long("!a ", limit),
		"many anchors":        long("&a ", limit),
		"many aliases":        head + "  a: {values: [&a 1, " + long("*a, ", limit/2) + "*a]}",
		"many colons":         long("a: ", limit),
		"many lines":          long("a\n", limit),
		"many keys":           "method: random\n" + manyKeys(50_000),
		"many parameters":     head + manyKeys(20_000),
		"deep indentation":    deepIndentation(1200),
		"quotes":              long("\"'", limit),
		"comments":            long("#\n", limit),
		"pipes":               long("a: |\n", limit),
		"quoted lines":        "a: \"" + long("x\n", limit) + "\"",
		"single-quoted lines": "a: '" + long("x\n", limit) + "'",
		"block lines":         "a: |\n" + long(" x\n", limit),
		"folded lines":        "a: >\n" + long(" x\n\n", limit),
		"plain lines":         "a: x\n" + long("  x\n", limit),
		"commented values":    long("a: # |\n  b\n", limit),
		"pipes with comments": long("a: | #\n", limit),
		"pipes with tabs":     long("a: |\t#\n", limit),
		"tagged pipes":        long("a: !!str |2-\n", limit),
		"pipes in a list":     long("- |\n  x\n", limit),
		"escapes":             "a: \"" + long("\\u0041", limit) + "\"",
		"empty lines":         long("\n", limit),
		"spaces":              long(" ", limit),
		"percent":             long("%a\n", limit),
		"documents":           long("---\n", limit),
		"a long key":          head + "  " + long("k", limit) + ": {value: 1}",
		"a long expression":   head + "  a: {value: 1}\nconstraints: [\"" + long("(", 1900) + "a\"]",
		"a huge expression": head + "  a: {value: 1}\nconstraints: [\"" + long("a+", 100_000) +
			"a > 0\"]",
		"a range":             head + "  a: {value: 1}\nconstraints: [\"a in 1..1000000000\"]",
		"a sum of long texts": head + "  a: {value: " + long("x", limit) + "}\nconstraints: [\"len(" + long("a+", 1800) + "a) > 0\"]",
		"parts of long texts": head + "  a: {value: " + long("x", limit) + "}\nconstraints: [\"len([" + long("split(a,''),", 1800) + "a]) > 0\"]",
		"a slow regexp": head +
			"  a: {value: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\nconstraints: ['a matches \"(a*)*b\"']",
		"many macros":            head + "  a: {value: 1}\ncommand: '" + long("${args} ", 100_000) + "'",
		"a power":                head + "  a: {value: 9}\nconstraints: [\"a ** a ** a ** a > 0\"]",
		"a long number":          head + "  a: {value: " + long("9", limit) + "}",
		"a long fraction":        head + "  a: {min: 0." + long("1", limit) + ", max: 1}",
		"a fine step":            head + "  a: {distribution: q_uniform, min: 0, max: 1e300, q: 1e-300}",
		"merges":                 merges(),
		"unprintable":            "method: \"\x1b[2J\u202e\"\n",
		"grid with dead corners": "method: grid\nprogram: x\nparameters: {a: {min: 1, max: 100000}, b: {min: 1, max: 100000}}\nconstraints: [a + b < 0]",
	} {
		start := time.Now()
		_, err := Parse(name, []byte(text))
		took := time.Since(start)
		if took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if took > 500*time.Millisecond {
			t.Logf("%s took %v", name, took)
		}
		if err != nil && (len(err.Error()) > 20_000 || strings.ContainsRune(err.Error(), 0x1b)) {
			t.Errorf("%s: the refusal is %d bytes: %.200q", name, len(err.Error()), err)
		}
	}
}

// What merge keys and aliases bring in is counted as it comes: a small file makes no large tree before it is refused.
func TestAttackMergesOfMany(t *testing.T) {
	var base strings.Builder
	for i := range 15_000 {
		fmt.Fprintf(&base, "k%d: 1, ", i)
	}
	const lines = 1000 // of many more that a file may have
	head := "base: &a {" + base.String() + "}\nx:\n"
	for name, text := range map[string]string{
		"in items":       head + strings.Repeat("- <<: *a\n", lines),
		"in one mapping": head + strings.Repeat("  <<: *a\n", lines),
		"of a list":      head + "  <<: [" + strings.Repeat("*a, ", lines) + "*a]\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(name, []byte(text))
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "once its aliases are written out") {
			t.Errorf("%s: %v", name, err)
		}
		if made := after.TotalAlloc - before.TotalAlloc; made > 500<<20 {
			t.Errorf("%s: %d MB were made of %d KB", name, made>>20, len(text)>>10)
		}
	}
}

// An expression costs what it uses, however many parameters there are.
func TestAttackManyConditions(t *testing.T) {
	var text strings.Builder
	text.WriteString("method: random\nprogram: x\nparameters:\n  p0: {min: 0, max: 9}\n")
	for i := range 4000 {
		fmt.Fprintf(&text, "  p%d: {min: 1, max: 9, when: p%d > 0}\n", i+1, i)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Parse("x.yaml", []byte(text.String())); err != nil {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if made := after.TotalAlloc - before.TotalAlloc; made > 1<<30 {
		t.Errorf("%d MB were made of %d KB", made>>20, text.Len()>>10)
	}
}

// A long text that aliases repeat counts each time: all that goes through the values of a spec would take minutes.
func TestAttackAliasesOfLongTexts(t *testing.T) {
	long, many := strings.Repeat("x", 200_000), strings.Repeat("*t, ", 5000)
	for name, text := range map[string]string{
		"values":  "method: grid\nprogram: x\nparameters: {a: {values: [&t " + long + ", " + many + "]}}\n",
		"command": "method: random\ndescription: &t " + long + "\nparameters: {a: {value: 1}}\ncommand: [" + many + "]\n",
		"keys":    "method: random\nparameters: {a: {value: &t {" + long + ": 1}}, b: {value: [" + many + "]}}\n",
		"merges":  "method: random\nx: &t {" + long + ": 1}\nb: [" + strings.Repeat("{<<: *t}, ", 5000) + "]\n",
	} {
		_, err := Parse(name, []byte(text))
		if err == nil || !strings.Contains(err.Error(), "more than 8 MB of text once its aliases are written out") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse("few", []byte("method: grid\nprogram: x\nparameters: {a: {value: &t "+long[:90_000]+"}, b: {values: [*t, 1]}, c: {value: *t}}\n")); err != nil {
		t.Error(err)
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("  k")
		for _, c := range []byte{byte(i >> 16), byte(i >> 8), byte(i)} {
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
		b.WriteString(": {value: 1}\n")
	}
	return b.String()
}

func deepIndentation(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// merges doubles a mapping forty times by merging it with itself under other names.
func merges() string {
	var b strings.Builder
	b.WriteString("m0: &m0 {a: 1}\n")
	for i := range 40 {
		b.WriteString("m" + string(rune('A'+i)) + ": &m" + string(rune('A'+i)) + " {")
		prev := "m0"
		if i > 0 {
			prev = "m" + string(rune('A'+i-1))
		}
		b.WriteString("x: *" + prev + ", y: *" + prev + "}\n")
	}
	return b.String()
}
