package ui_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/ui"
)

// every calls f with each file of the pages.
func every(t *testing.T, f func(name, text string)) {
	t.Helper()
	files := ui.Files()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		f(name, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func answer(url string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	ui.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
	return w
}

// Whatever a page needs is in the binary: every import and every link resolves, and none leads elsewhere.
func TestPagesAreComplete(t *testing.T) {
	imports := regexp.MustCompile(`(?:from|import)\s*"([^"]+)"`)
	named := regexp.MustCompile(`import ?\{ ?([^}]*?) ?\} ?from ?"([^"]+)"`)
	links := regexp.MustCompile(`(?:href|src)="(/[^"]*)"`)
	outside := regexp.MustCompile(`["'(]\s*(?:https?:)?//[a-z]`)
	modules := 0
	every(t, func(name, text string) {
		switch path.Ext(name) {
		case ".js":
			modules++
			for _, m := range imports.FindAllStringSubmatch(text, -1) {
				if !strings.HasPrefix(m[1], "./") && !strings.HasPrefix(m[1], "../") {
					t.Errorf("%s imports %q, which no browser finds", name, m[1])
				} else if answer("/ui/"+path.Join(path.Dir(name), m[1])).Code != http.StatusOK {
					t.Errorf("%s imports %q, which is not there", name, m[1])
				}
			}
			for _, m := range named.FindAllStringSubmatch(text, -1) {
				target, _ := fs.ReadFile(ui.Files(), path.Join(path.Dir(name), m[2]))
				for one := range strings.SplitSeq(m[1], ",") {
					one, _, _ = strings.Cut(strings.TrimSpace(one), " as ")
					declared := regexp.MustCompile(`(?m)^export (async )?(function|const|class) ` + one + `\b|export\{[^}]*\b` + one + `\b[^}]*\}`)
					if !declared.Match(target) {
						t.Errorf("%s imports %s from %s, which does not export it", name, one, m[2])
					}
				}
			}
		case ".html":
			for _, m := range links.FindAllStringSubmatch(text, -1) {
				if answer(m[1]).Code != http.StatusOK {
					t.Errorf("%s links to %s, which is not there", name, m[1])
				}
			}
			if regexp.MustCompile(`<script[^>]*>[^<]|<style|\son[a-z]+=|style="`).MatchString(text) {
				t.Errorf("%s has a script or a style in it, which its own policy forbids", name)
			}
		case ".txt":
			return
		}
		if m := outside.FindString(strings.ReplaceAll(text, "http://www.w3.org/", "")); m != "" {
			t.Errorf("%s speaks of another origin: %s", name, m)
		}
	})
	if modules < 20 {
		t.Errorf("only %d modules", modules)
	}
}

// Own modules are small, say what they are for, and keep to what a report is put together from.
func TestModulesKeepToTheirForm(t *testing.T) {
	every(t, func(name, text string) {
		if path.Ext(name) != ".js" || strings.HasPrefix(name, "lib/") {
			return
		}
		lines := strings.Split(text, "\n")
		if !strings.HasPrefix(text, "// ") {
			t.Errorf("%s does not say what it is for", name)
		}
		if len(lines) > 300 {
			t.Errorf("%s has %d lines", name, len(lines))
		}
		for i, line := range lines {
			if strings.HasPrefix(line, "import") && !regexp.MustCompile(`^import \{ [^}]+ \} from "\.{1,2}/[^"]+";$`).MatchString(line) {
				t.Errorf("%s:%d: %s", name, i+1, line)
			}
			if strings.HasPrefix(line, "export") && !regexp.MustCompile(`^export ((async )?function|const|class) \w+`).MatchString(line) {
				t.Errorf("%s:%d: %s", name, i+1, line)
			}
			if regexp.MustCompile(`innerHTML|dangerouslySetInnerHTML|\beval\(|new Function|document\.write|javascript:`).MatchString(line) {
				t.Errorf("%s:%d makes markup or code of a text: %s", name, i+1, line)
			}
		}
	})
}

// A page runs nothing but its own files, stands in no frame, and tells nobody where it was.
func TestAttackPageHeaders(t *testing.T) {
	for _, url := range []string{"/", "/ui/main.js", "/ui/no-such", "/ui/../ui.go"} {
		h := answer(url).Header()
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'self'", "frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: no %s in %q", url, want, policy)
			}
		}
		for _, never := range []string{"unsafe", "http:", "https:", "*"} {
			if strings.Contains(policy, never) {
				t.Errorf("%s: %s in %q", url, never, policy)
			}
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %v", url, h)
		}
	}
	every(t, func(name, _ string) {
		if kind := answer("/ui/" + name).Header().Get("Content-Type"); kind == "" || strings.HasPrefix(kind, "text/plain") != (path.Ext(name) == ".txt") {
			t.Errorf("%s is %q", name, kind)
		}
	})
	for _, url := range []string{"/ui/../handler.go", "/ui/..%2fhandler.go", "/ui/%2e%2e/doc.go", "/ui/", "/ui/lib", "/ui//main.js"} {
		if w := answer(url); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", url, w.Code)
		}
	}
}

// Licences of what others have written lie beside it.
func TestLibrariesHaveLicences(t *testing.T) {
	var libs, licences []string
	every(t, func(name, _ string) {
		if name, ok := strings.CutPrefix(name, "lib/"); ok && path.Ext(name) == ".txt" {
			licences = append(licences, name)
		} else if ok {
			libs = append(libs, name)
		}
	})
	slices.Sort(libs)
	if !slices.Equal(libs, []string{"hooks.js", "htm.js", "preact.js"}) || len(licences) != 2 {
		t.Errorf("libraries %v, licences %v: .ci/vendor-ui fetches both", libs, licences)
	}
}
