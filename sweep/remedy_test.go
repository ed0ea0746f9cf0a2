package sweep

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A remedy is tried: what it says is done to the file, whose error must then be gone.
var (
	wordRemedy  = regexp.MustCompile("^(?:did you mean|write) `([^`]+)`(?:\\?|$|,| without| when)")
	macroRemedy1 = regexp.MustCompile(`^did you mean \$\{([^}]+)\}\?$`)
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
	if m := pairRemedy.FindStringSubmatch(e.Remedy); m != nil {
		name, _, _ := strings.Cut(m[1], ":")
		at := regexp.MustCompile(`(^|[\s{])` + regexp.QuoteMeta(name) + `:\s*(\{[^{}]*\}|[^,{}\[\]]+|\[[^\]]*\])`)
		if !at.MatchString(lines[e.Line-1]) {
			return false
		}
		lines[e.Line-1] = at.ReplaceAllString(lines[e.Line-1], "${1}"+strings.ReplaceAll(m[1], "$", "$$"))
		return true
	}
	if m := macroRemedy1.FindStringSubmatch(e.Remedy); m != nil {
		wrong := regexp.MustCompile(`\$\{[^}]*\}`).FindString(e.Problem)
		return put(wrong, "${"+m[1]+"}")
	}
	if m := wordRemedy.FindStringSubmatch(e.Remedy); m != nil && !strings.Contains(m[1], ": ") {
		return put(e.Value, m[1]) || put(key, m[1])
	}
	switch {
	case useMethod.MatchString(e.Remedy) && strings.HasPrefix(strings.TrimSpace(before), "method"):
		return put(e.Value, useMethod.FindStringSubmatch(e.Remedy)[1])
	case e.Remedy == "remove the quotes":
		return put(`"`+e.Value+`"`, e.Value) || put("'"+e.Value+"'", e.Value)
	case removeIt.MatchString(e.Remedy) && strings.TrimSpace(before) == "" && strings.HasPrefix(rest, e.Value+":"):
		lines[e.Line-1] = ""
		return true
	}
	return false
}

func TestRemediesWork(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".yaml")
		t.Run(name, func(t *testing.T) {
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
						if !strings.Contains(text, byHand[i][k]) {
							t.Fatalf("error %d: %q is not in the file", i, byHand[i][k])
						}
						text = strings.Replace(text, byHand[i][k], byHand[i][k+1], 1)
					}
					lines = splitLines(text)
				} else if !applied(lines, e) {
					t.Errorf("error %d has a remedy that nobody tried: add it to the table\n%v", i, e)
					continue
				}
				_, err := Parse(name, []byte(strings.Join(lines, "\n")))
				var left Errors
				if errors.As(err, &left) {
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

var _ = fmt.Sprint
