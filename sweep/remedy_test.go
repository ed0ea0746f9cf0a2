package sweep

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A remedy is tried: what it says is done to the file, whose error must then be gone.
var (
	wordRemedy  = regexp.MustCompile("^(?:did you mean|write) `([^`]+)`(?:\\?|$|,| without| when)")
	nearMacro   = regexp.MustCompile(`^did you mean \$\{([^}]+)\}\?$`)
	absent      = regexp.MustCompile("there is no parameter `([^`]+)`")
	wholeRemedy = regexp.MustCompile(`^give (?:a whole number|one) from (-?\d+) to`)
	removeIt    = regexp.MustCompile(`^remove it`)
	useMethod   = regexp.MustCompile("^use `method: (\\w+)`")
	pairRemedy  = regexp.MustCompile("write `([\\w.+-]+: \\{.*\\})`")
)

// applied does to the lines what the remedy of an error says; false: a person has to.
func applied(lines []string, e *Error) bool {
	if e.Line < 1 || e.Line > len(lines) || strings.Contains(e.Remedy, "…") {
		return false
	}
	line := []rune(lines[e.Line-1])
	before, rest := string(line[:min(e.Column-1, len(line))]), string(line[min(e.Column-1, len(line)):])
	put := func(old, new string) bool {
		if old == "" || !strings.Contains(rest, old) {
			return false
		}
		lines[e.Line-1] = before + strings.Replace(rest, old, new, 1)
		return true
	}
	key := e.Field[strings.LastIndexByte(e.Field, '.')+1:]
	if strings.Contains(e.Remedy, "calls nothing") {
		return false // which values, only a person knows
	}
	if m := pairRemedy.FindStringSubmatch(e.Remedy); m != nil {
		name, _, _ := strings.Cut(m[1], ":")
		at := regexp.MustCompile(`(^|[\s{])` + regexp.QuoteMeta(name) +
			`:\s*(\{[^{}]*\}|[^,{}\[\]]+|\[[^\]]*\])`)
		if !at.MatchString(lines[e.Line-1]) {
			return false
		}
		lines[e.Line-1] = at.ReplaceAllString(lines[e.Line-1], "${1}"+strings.ReplaceAll(m[1], "$", "$$"))
		return true
	}
	if m := nearMacro.FindStringSubmatch(e.Remedy); m != nil {
		wrong := regexp.MustCompile(`\$\{[^}]*\}`).FindString(e.Problem)
		return put(wrong, "${"+m[1]+"}")
	}
	if wrong := absent.FindStringSubmatch(e.Problem); wrong != nil && strings.HasPrefix(e.Remedy, "did you mean `") {
		return put(wrong[1], wordRemedy.FindStringSubmatch(e.Remedy)[1])
	}
	if m := wordRemedy.FindStringSubmatch(e.Remedy); m != nil && !strings.Contains(m[1], ": ") {
		return put(e.Value, m[1]) || put(key, m[1])
	}
	switch {
	case useMethod.MatchString(e.Remedy) && strings.HasPrefix(strings.TrimSpace(before), "method"):
		return put(e.Value, useMethod.FindStringSubmatch(e.Remedy)[1])
	case wholeRemedy.MatchString(e.Remedy):
		return put(e.Value, wholeRemedy.FindStringSubmatch(e.Remedy)[1])
	case e.Remedy == "remove the quotes":
		return put(`"`+e.Value+`"`, e.Value) || put("'"+e.Value+"'", e.Value)
	case removeIt.MatchString(e.Remedy) && strings.TrimSpace(before) == "" && strings.HasPrefix(rest, e.Value+":"):
		lines[e.Line-1] = ""
		return true
	}
	return false
}

// once are files whose only error hides others, which are told in the next turn.
var once = map[string]bool{
	"bad-indentation": true, // half a range
	"billion-laughs":  true, // still a large command
	"cpu-limit":       true, // of cpus that are not named
	"not-utf8":        true, // and no parameters
}

func TestRemediesWork(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(name, src)
			var all Errors
			if !errors.As(err, &all) {
				t.Fatal(err)
			}
			byHand := remedies[name]
			for i, e := range all {
				lines := splitLines(string(src))
				if i < len(byHand) && byHand[i] != nil {
					text := string(src)
					for k := 0; k+1 < len(byHand[i]); k += 2 {
						if byHand[i][k] == "*" {
							text = byHand[i][k+1]
							continue
						}
						if !strings.Contains(text, byHand[i][k]) {
							t.Fatalf("error %d: %q is not in the file", i, byHand[i][k])
						}
						text = strings.Replace(text, byHand[i][k], byHand[i][k+1], 1)
					}
					lines = splitLines(text)
				} else if !applied(lines, e) {
					t.Errorf("error %d has a remedy that nobody tried: add it to remedies_test.go\n%v", i, e)
					continue
				}
				_, err := Parse(name, []byte(strings.Join(lines, "\n")))
				var left Errors
				if errors.As(err, &left) {
					if len(all) == 1 && !once[name] {
						t.Errorf("following the remedy of the only error leaves\n%v", left)
					}
					for _, l := range left {
						if l.Problem == e.Problem && l.Field == e.Field {
							t.Errorf("error %d is still there when its remedy was followed:\n%s\n%v", i, strings.Join(lines, "\n"), e)
						}
					}
				}
			}
		})
	}
}
