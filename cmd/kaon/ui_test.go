package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// enter opens a session by a link of `kaon ui`, as the page does.
func enter(t *testing.T, link string) (at string, session *http.Cookie) {
	t.Helper()
	at, rest, ok := strings.Cut(strings.TrimSpace(link), "/#/login?")
	words, err := url.ParseQuery(rest)
	if !ok || err != nil {
		t.Fatalf("link %q: %v", link, err)
	}
	rs, err := http.Post(at+"/v1/session", "application/json", strings.NewReader(`{"code":"`+words.Get("code")+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	if rs.StatusCode != http.StatusOK || len(rs.Cookies()) != 1 {
		t.Fatalf("the code is answered by %s", rs.Status)
	}
	return at, rs.Cookies()[0]
}

// An own server that listens nowhere lets a browser of this machine in by a link, and by nothing else.
func TestUI(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	p.kaon("ui").ends(exitUsage).says("no server of yours runs on this machine")
	x, _ := p.serving()
	p.kaon("submit", "quick.yaml", "-w").ends(exitDone)
	link := p.kaon("ui", "@latest").ends(exitDone).stdout
	if !strings.HasPrefix(link, "http://127.0.0.1:") || !strings.Contains(link, "&to=/sweeps/quick-") {
		t.Fatalf("link %q", link)
	}
	at, session := enter(t, link)
	ask := func(path string, with *http.Cookie, host string) (int, string) {
		rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if with != nil {
			rq.AddCookie(with)
		}
		if host != "" {
			rq.Host = host
		}
		rs, err := http.DefaultClient.Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		defer rs.Body.Close()
		text, err := io.ReadAll(rs.Body)
		if err != nil {
			t.Fatal(err)
		}
		return rs.StatusCode, string(text)
	}
	if code, page := ask("/", nil, ""); code != http.StatusOK || !strings.Contains(page, "/ui/main.js") {
		t.Errorf("the page: %d %s", code, page)
	}
	if code, _ := ask("/v1/sweeps", nil, ""); code != http.StatusUnauthorized {
		t.Errorf("without a session: %d", code)
	}
	if code, _ := ask("/", nil, "evil.example"); code != http.StatusMisdirectedRequest {
		t.Errorf("by another name: %d", code)
	}
	code, text := ask("/v1/whoami", session, "")
	var who api.Identity
	if err := json.Unmarshal([]byte(text), &who); err != nil || code != http.StatusOK || who.Role != access.Operator || who.Local {
		t.Errorf("with it: %d %s", code, text)
	}
	if again := p.kaon("ui", "--json").ends(exitDone).stdout; !strings.Contains(again, at+"/") {
		t.Errorf("another link leads elsewhere: %s", again)
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}

// A report is one page, made from results alone.
func TestReport(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", strings.Replace(quickSpec, "echo hello", "[ ${param.x} != 3 ] || { echo '</script>broken' >&2; exit 7; }; echo hello", 1))
	p.kaon("report").ends(exitUsage)
	p.kaon("run", "quick.yaml", "--server", "none").ends(exitDone)
	page := p.kaon("report").ends(exitDone).stdout
	for _, want := range []string{"<!doctype html>", `"state":"succeeded"`, `\u003c/script\u003ebroken`, `"importance":{`, "name: quick"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report has no %s", want)
		}
	}
	if text := p.kaon("report", "--format", "md").ends(exitDone).stdout; !strings.Contains(text, "## Failures") || !strings.Contains(text, "&lt;/script>broken") {
		t.Errorf("as Markdown: %s", text)
	}
	if text := p.kaon("report", "--format", "svg").ends(exitDone).stdout; !strings.HasPrefix(text, "<svg ") || !strings.Contains(text, "What matters") {
		t.Errorf("as SVG: %s", text)
	}
	p.aws = append(p.aws, "KAON_CHROMIUM="+filepath.Join(p.dir, "none"))
	p.kaon("report", "--format", "png", "--output", "r.png").ends(exitUsage).says("KAON_CHROMIUM=")
	p.kaon("report", "--output", "r.html").ends(exitDone)
	if written, err := os.ReadFile(filepath.Join(p.dir, "r.html")); err != nil || len(written) < len(page)-100 {
		t.Errorf("r.html: %d bytes, %v", len(written), err)
	}
}

// A run without a server shows itself in the browser, for as long as it runs.
func TestRunOpen(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("slow.yaml", slowSpec)
	if err := os.Chmod(p.write("browser", "#!/bin/sh\necho \"$1\" >link.part && mv link.part link\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.aws = append(p.aws, "BROWSER="+filepath.Join(p.dir, "browser"))
	x := p.start("run", "slow.yaml", "--open", "--server", "none")
	var link []byte
	testkit.Await(t, "the browser", func() bool {
		var err error
		link, err = os.ReadFile(filepath.Join(p.dir, "link"))
		return err == nil
	})
	at, session := enter(t, string(link))
	testkit.Await(t, "a trial in the browser", func() bool {
		rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/v1/sweeps?state=running", nil)
		if err != nil {
			t.Fatal(err)
		}
		rq.AddCookie(session)
		rs, err := http.DefaultClient.Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		defer rs.Body.Close()
		var page api.Page[api.Sweep]
		err = json.NewDecoder(rs.Body).Decode(&page)
		return err == nil && len(page.Items) == 1 && page.Items[0].Trials.Running > 0
	})
	p.write("go", "")
	x.wait().ends(exitDone).prints("winner: trial 1, loss 1", "as a page: kaon report slow-")
}

// The pages know which types of steps are sweeps: those that have a log and a sweep to show.
func TestPagesKnowStepsOnTheCluster(t *testing.T) {
	page, err := os.ReadFile("../../server/ui/web/flowstep.js")
	if err != nil {
		t.Fatal(err)
	}
	var heavy []string
	for _, one := range steps.Types() {
		if about := one.About(); !about.Light {
			heavy = append(heavy, strconv.Quote(about.Name))
		}
	}
	if want := "const onCluster = [" + strings.Join(heavy, ", ") + "];"; !strings.Contains(string(page), want) {
		t.Errorf("flowstep.js wants the line\n%s", want)
	}
}
