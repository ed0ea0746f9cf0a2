package shell

import (
	"strings"
	"testing"
)

type plainMacro string

func (m plainMacro) String() string   { return "${" + string(m) + "}" }
func (m plainMacro) Variable() string { return "X" }
func (m plainMacro) IsList() bool     { return false }
func (m plainMacro) IsProgram() bool  { return false }
func (m plainMacro) IsValue() bool    { return true }

// Text that would be looked at for ever is given up after so many steps, and its macros are refused.
func TestAttackEndlessCommands(t *testing.T) {
	parse := func(inner string) (Macro, error) { return plainMacro(inner), nil }
	rep := strings.Repeat
	for name, script := range map[string]string{
		"pipes":         "x ${p.a}" + rep(" | cat", 10_000),
		"words":         "echo ${p.a}" + rep(" w", 31_000),
		"evals":         "env " + rep("eval ", 60) + "${p.a}",
		"ssh":           "env " + rep("ssh a ", 4000) + "${p.a}",
		"substitutions": "x ${p.a} " + rep("$(echo ", 3000) + rep(")", 3000),
		"braces":        "x ${p.a}; " + rep("{ ", 5000) + "x" + rep("; }", 5000),
		"redirections":  "x ${p.a}" + rep(" >f", 15_000),
		"functions":     "x ${p.a}; " + rep("f() { f; }; ", 4500),
		"assignments":   "v=${p.a}; " + rep(`a=$v; eval "$v";`, 3000),
		"names":         "x ${p.a} KaonMacro" + rep("x", 60_000),
		"shells":        rep("sh -c 'x ${p.a}'; ", 3500),
	} {
		all := &budget{}
		parts, _, err := splitScript([]string{script}, reading{}, nil, parse, all)
		if all.steps > 3*maxSteps {
			t.Errorf("%s: %d steps", name, all.steps)
		}
		if all.spent() && err == nil {
			t.Errorf("%s: was given up, and its macro is taken: %d parts", name, len(parts))
		}
	}
	for name, argv := range map[string][]string{
		"evals": append(strings.Fields(rep("env eval ", 60)), "${p.a}"),
		"ssh":   append(strings.Fields(rep("env ssh a ", 1200)), "${p.a}"),
		"env":   append(strings.Fields(rep("env ", maxWords)), "${p.a}"),
		"sh":    append(strings.Fields(rep("env sh -c a ", 1000)), "${p.a}"),
	} {
		_, _, err := Words(argv, nil, parse)
		if name == "env" && (err == nil || !strings.Contains(err.Error(), "4096 are allowed")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The steps that ordinary text takes grow as it does.
func TestStepsGrowWithTheText(t *testing.T) {
	parse := func(inner string) (Macro, error) { return plainMacro(inner), nil }
	for name, line := range map[string]string{
		"commands": "./prepare --of data | tee log.txt > /dev/null; x=\"$(date)\"\n",
		"macros":   "./train --lr ${p.a} > out.txt 2>&1\n",
		"branches": "if [ -e out.txt ]; then cat out.txt | sort -u; fi\n",
	} {
		steps := func(n int) int {
			all := &budget{}
			script := strings.Repeat(line, n) + "./train ${p.a}"
			if _, _, err := splitScript([]string{script}, reading{}, nil, parse, all); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return all.steps
		}
		n := maxScript / len(line) / 8
		if few, many := steps(n), steps(2*n); many > 3*few {
			t.Errorf("%s: %d lines take %d steps, twice as many %d", name, n, few, many)
		}
		if all := steps(4 * n); all > maxSteps/5 {
			t.Errorf("%s: %d steps", name, all)
		}
	}
}
