package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/kaon-sweep/kaon/testkit"
)

// page asks an address for a page, with a token if one is given.
func page(t *testing.T, c *http.Client, url, token string) (status int, text string) {
	t.Helper()
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		rq.Header.Set("Authorization", "Bearer "+token)
	}
	rs, err := c.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	all, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rs.StatusCode, string(all)
}

// bySocket is a client of a server's socket.
func bySocket(server string) *http.Client {
	path := strings.TrimPrefix(server, "unix://")
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
}

// samples are the names of a page, with their labels' values by label.
func samples(t *testing.T, text string) map[string]map[string][]string {
	t.Helper()
	found := map[string]map[string][]string{}
	label := regexp.MustCompile(`([a-zA-Z_]+)="((?:[^"\\]|\\.)*)"`)
	for line := range strings.Lines(text) {
		m := sample.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Errorf("no sample: %q", line)
			continue
		}
		if found[m[1]] == nil {
			found[m[1]] = map[string][]string{}
		}
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			found[m[1]][l[1]] = append(found[m[1]][l[1]], l[2])
		}
	}
	return found
}

// family is the name of a metric that a sample belongs to: those of a histogram or a summary have more of them.
func family(name string, known map[string]bool) string {
	for _, end := range []string{"_bucket", "_sum", "_count"} {
		if short, cut := strings.CutSuffix(name, end); cut && known[short] {
			return short
		}
	}
	return name
}

// What a server answers at /metrics is what docs/metrics.md says, name by name, and the dashboard and the alerts ask for nothing else.
// Profiles are for admins, and the log tells of sweeps and trials by fields.
func TestObserve(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	address := closedPort(t)
	p.write("rules.yaml", "groups:\n- {name: small, attribute: pool, value: small, agent: {cpus: 1, memory_mb: 1024}, max_agents: 9, command: ['true']}\n")
	x, ready := p.serving("--listen", "127.0.0.1:0", "--metrics", address, "--log", "debug", "--log-format", "json",
		"--scaling", "rules.yaml", "--scaling-every", "100ms")
	p.kaon("queue", "set", "eng", "--weight", "2").ends(exitDone)
	p.kaon("submit", "quick.yaml", "-w").ends(exitDone)
	tokens := map[string]string{}
	for _, role := range []string{"viewer", "operator"} {
		tokens[role] = strings.TrimSpace(p.kaon("token", "create", role, "--role", role).ends(exitDone).stdout)
	}
	at := ready.Listen[0]
	if status, _ := page(t, http.DefaultClient, at+"/metrics", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
	var text string
	testkit.Await(t, "a first look at how many agents there should be", func() bool {
		status, now := page(t, http.DefaultClient, at+"/metrics", tokens["viewer"])
		if status != http.StatusOK {
			t.Fatalf("metrics: %d %s", status, now)
		}
		text = now
		return strings.Contains(text, "kaon_scaling_agents")
	})
	found := samples(t, text)
	_, beside := page(t, http.DefaultClient, "http://"+address+"/metrics", "")
	for name := range samples(t, beside) {
		if found[name] == nil && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s is at --metrics alone", name)
		}
	}
	documented(t, found)
	asked(t, found)
	for _, want := range []string{"operation", "code", "le"} {
		if len(found["kaon_api_request_seconds_bucket"][want])+len(found["kaon_api_requests_total"][want]) == 0 {
			t.Errorf("no %s in what is told of requests", want)
		}
	}

	if status, _ := page(t, http.DefaultClient, at+"/debug/pprof/heap", tokens["operator"]); status != http.StatusForbidden {
		t.Errorf("an operator's profile: %d", status)
	}
	if status, _ := page(t, http.DefaultClient, at+"/debug/pprof/", ""); status != http.StatusUnauthorized {
		t.Errorf("nobody's profile: %d", status)
	}
	if status, text := page(t, bySocket(ready.Server), "http://kaon/debug/pprof/goroutine?debug=1", ""); status != http.StatusOK || !strings.Contains(text, "goroutine profile") {
		t.Errorf("this user's profile: %d %.200s", status, text)
	}
	x.signal(os.Interrupt)
	logged(t, x.wait().ends(exitDone).stderr)
}

// documented compares the names of a page with docs/metrics.md.
func documented(t *testing.T, found map[string]map[string][]string) {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join(top, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range regexp.MustCompile("`(kaon_[a-z0-9_]+)(?:\\{[a-z,_]+\\})?`").FindAllStringSubmatch(string(doc), -1) {
		known[m[1]] = true
	}
	told := map[string]bool{}
	for name := range found {
		if !strings.HasPrefix(name, "kaon_") {
			continue
		}
		told[family(name, known)] = true
		if !known[family(name, known)] {
			t.Errorf("docs/metrics.md does not name %s", name)
		}
	}
	for name := range known {
		if !told[name] && !strings.HasPrefix(name, "kaon_executor_") {
			t.Errorf("docs/metrics.md names %s, which no server tells", name)
		}
	}
}

// asked checks what the dashboard and the alerts ask for.
func asked(t *testing.T, found map[string]map[string][]string) {
	t.Helper()
	var dashboard struct {
		Title  string
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr string }
		}
	}
	text, err := os.ReadFile(filepath.Join(top, "deploy", "grafana", "kaon.json"))
	if err == nil {
		err = json.Unmarshal(text, &dashboard)
	}
	if err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	ids := map[int]bool{}
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] || panel.GridPos.X+panel.GridPos.W > 24 {
			t.Errorf("panel %q: its id is taken, or it is too wide", panel.Title)
		}
		ids[panel.ID] = true
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("panel %q asks for nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			queries["panel "+panel.Title] += target.Expr + "\n"
		}
	}
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	text, err = os.ReadFile(filepath.Join(top, "deploy", "prometheus", "alerts.yaml"))
	if err == nil {
		err = yaml.UnmarshalWithOptions(text, &rules, yaml.Strict())
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || r.For == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || queries["alert "+r.Alert] != "" {
				t.Errorf("alert %q lacks something, or its name is taken", r.Alert)
			}
			queries["alert "+r.Alert] = r.Expr
		}
	}
	if len(queries) < 25 {
		t.Errorf("only %d queries", len(queries))
	}
	name := regexp.MustCompile(`\b((?:kaon|process|go)_[a-z0-9_]+)(?:\{([^}]*)\})?`)
	matcher := regexp.MustCompile(`([a-z]+)(=~?)"([^"]*)"`)
	for who, query := range queries {
		asks := name.FindAllStringSubmatch(query, -1)
		if len(asks) == 0 && query != `up{job="kaon"} == 0` {
			t.Errorf("%s asks for no metric of kaon: %s", who, query)
		}
		for _, ask := range asks {
			labels, there := found[ask[1]]
			if !there {
				t.Errorf("%s asks for %s, which no server tells", who, ask[1])
			}
			for _, m := range matcher.FindAllStringSubmatch(ask[2], -1) {
				if m[1] == "job" || m[1] == "code" { // Prometheus's own; whatever codes there were
					continue
				}
				wanted := []string{m[3]}
				if m[2] == "=~" {
					wanted = strings.Split(m[3], "|")
				}
				for _, value := range wanted {
					if !slices.Contains(labels[m[1]], value) {
						t.Errorf("%s asks for %s with %s=%q; there is %v", who, ask[1], m[1], value, labels[m[1]])
					}
				}
			}
		}
	}
}

// logged checks that standard error is a JSON object a line, and tells of a sweep's life.
func logged(t *testing.T, text string) {
	t.Helper()
	told := map[string]map[string]any{}
	for line := range strings.Lines(text) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Errorf("no JSON: %q", line)
			continue
		}
		if message, ok := one["msg"].(string); ok {
			told[message] = one
		}
	}
	for message, fields := range map[string][]string{
		"sweep started": {"sweep"}, "sweep ended": {"sweep", "state"}, "trial launched": {"sweep", "trial", "attempt", "agent"}, "master connected": {"master"},
	} {
		one := told[message]
		for _, field := range append(fields, "time", "level") {
			if one[field] == nil || one[field] == "" {
				t.Errorf("no %s in %q: %v; there are %v", field, message, one, slices.Sorted(maps.Keys(told)))
			}
		}
	}
}
