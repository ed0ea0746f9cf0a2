package steps

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// livy runs a Spark application, or code in a session, through the REST interface of Apache Livy.
type livy struct{ name string }

// livyFields are keys and what Livy calls them.
var livyFields = map[string]string{
	"proxy_user": "proxyUser", "jars": "jars", "py_files": "pyFiles", "files": "files", "archives": "archives",
	"driver_memory": "driverMemory",
	"driver_cores":  "driverCores", "executor_memory": "executorMemory", "executor_cores": "executorCores",
	"num_executors": "numExecutors",
	"queue":         "queue", "conf": "conf",
}

func (l livy) About() Description {
	return Description{Name: l.name, Text: "Runs an application, or code in a session, on Spark through Apache " +
		"Livy's REST interface.", Light: true, Keys: []Key{
		{Name: "url", Kind: "text", Needed: true, Text: "of Livy, as http://livy:8998"},
		{Name: "application", Kind: "text", Text: "a jar or a Python file where Livy finds it; or `code`"},
		{Name: "class", Kind: "text", Text: "the main class of a jar"},
		{Name: "arguments", Kind: "list", Text: "of the application"},
		{Name: "code", Kind: "text", Text: "code for a session"},
		{Name: "parameters", Kind: "mapping", Text: "values that the code finds as variables; in SQL they stand " +
			"for :name"},
		{Name: "kind", Kind: "text", Text: "of the code: spark, pyspark, sparkr or sql; pyspark when left out"},
		{Name: "session", Kind: "text", Text: "id or name of a session that is there; left out, one is made for " +
			"the step and ended with it"},
		{Name: "conf", Kind: "mapping", Text: "spark.* settings"},
		{Name: "driver_memory", Kind: "text", Text: "as 1g"},
		{Name: "driver_cores", Kind: "number", Text: "of the driver"},
		{Name: "executor_memory", Kind: "text", Text: "as 2g"},
		{Name: "executor_cores", Kind: "number", Text: "of one executor"},
		{Name: "num_executors", Kind: "number", Text: "how many"}, {Name: "queue", Kind: "text", Text: "on YARN"},
		{Name: "jars", Kind: "list", Text: "jars"}, {Name: "py_files", Kind: "list", Text: "Python files"},
		{Name: "files", Kind: "list", Text: "files"}, {Name: "archives", Kind: "list", Text: "archives"},
		{Name: "proxy_user", Kind: "text", Text: "whom Livy works as"}, headersKey, everyKey,
	}}
}

func (livy) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	checkURL(keys, fail)
	if (keys.Get("application") == nil) == (keys.Get("code") == nil) {
		fail(keys, "", "a step of type spark has `application` or `code`, and not both", "keep one of them")
	}
	if t := keys.Get("code"); t != nil && template(strings.ReplaceAll(t.Text, "$${", "")) {
		fail(t, "code", "a value in ${…} would become part of the code",
			"name it under parameters, and use its name; a plain ${ is written $${")
	}
	kinds := []string{"spark", "pyspark", "sparkr", "sql"}
	if t := keys.Get("kind"); t != nil && !template(t.Text) && !slices.Contains(kinds, t.Text) {
		fail(t, "kind", fmt.Sprintf("there is no kind `%.40s` of code", t.Text),
			"write one of "+strings.Join(kinds, ", "))
	}
}

func (l livy) Run(ctx context.Context, c *Call) (Result, error) {
	s, every, err := c.watched()
	if err != nil {
		return Result{}, err
	}
	if c.Keys["code"] != nil {
		return l.code(ctx, c, s, job{every: every})
	}
	body := map[string]any{"name": c.ID}
	c.set(body, livyFields)
	c.set(body, map[string]string{"application": "file", "class": "className"})
	if body["args"], err = c.texts("arguments"); err != nil {
		return Result{}, err
	}
	if conf, ok := body["conf"].(map[string]any); ok {
		for name, v := range conf {
			conf[name] = fmt.Sprint(v)
		}
	}
	return c.remote(ctx, job{
		every:  every,
		find:   func(ctx context.Context) (string, error) { return s.livyNamed(ctx, "/batches", c.ID) },
		submit: func(ctx context.Context) (string, error) { return s.livyBegin(ctx, "/batches", body) },
		look: func(ctx context.Context, id string) (glance, error) {
			b, err := s.livyState(ctx, "/batches/"+url.PathEscape(id))
			if err != nil {
				return glance{}, looked(id, err)
			}
			g := glance{text: strings.TrimSpace(b.State + " " + b.Info["sparkUiUrl"]), out: b.outputs("batch")}
			switch b.State {
			case "success":
				g.ended = true
			case "error", "dead", "killed":
				g.ended, g.err = true, failed("batch %s is %s%s", id, b.State, b.why())
			}
			return g, nil
		},
		kill: func(ctx context.Context, id string) error { return s.delete(ctx, "/batches/"+url.PathEscape(id)) },
	})
}

// livySession is a session or batch as Livy describes it.
type livySession struct {
	ID    int               `json:"id"`
	Name  string            `json:"name"`
	App   string            `json:"appId"`
	Info  map[string]string `json:"appInfo"`
	Log   []string          `json:"log"`
	State string            `json:"state"`
}

func (b livySession) outputs(kind string) map[string]any {
	out := map[string]any{kind: b.ID, "app": b.App}
	if ui := b.Info["sparkUiUrl"]; ui != "" {
		out["ui"] = ui
	}
	return out
}

// why is the last line of its log that tells of an error.
func (b livySession) why() string {
	for i := len(b.Log) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(b.Log[i]); strings.Contains(line, "Error") || strings.Contains(line, "Exception") {
			return fmt.Sprintf(": %.500s", line)
		}
	}
	return ""
}

// livyNamed is the id of the session or batch of a name; "": there is none.
func (s service) livyNamed(ctx context.Context, path, name string) (string, error) {
	const page, most = 100, 100_000
	for from := 0; from < most; from += page {
		var all struct {
			Sessions []livySession `json:"sessions"`
		}
		if _, err := s.ask(ctx, http.MethodGet, fmt.Sprintf("%s?from=%d&size=%d", path, from, page), nil,
			&all); err != nil {
			return "", submitted(err)
		}
		for _, b := range all.Sessions {
			if b.Name == name {
				return strconv.Itoa(b.ID), nil
			}
		}
		if len(all.Sessions) < page {
			return "", nil
		}
	}
	return "", nil
}

func (s service) livyBegin(ctx context.Context, path string, body any) (string, error) {
	var b livySession
	if _, err := s.ask(ctx, http.MethodPost, path, body, &b); err != nil {
		return "", submitted(err)
	}
	return strconv.Itoa(b.ID), nil
}

func (s service) livyState(ctx context.Context, path string) (b livySession, err error) {
	_, err = s.ask(ctx, http.MethodGet, path, nil, &b)
	return b, err
}

// statement is a piece of code that a session runs.
type statement struct {
	ID       int     `json:"id"`
	Code     string  `json:"code"`
	State    string  `json:"state"`
	Progress float64 `json:"progress"`
	Output   *struct {
		Status string         `json:"status"`
		Name   string         `json:"ename"`
		Value  string         `json:"evalue"`
		Data   map[string]any `json:"data"`
	} `json:"output"`
}

// code runs code in a session, of the step's own where none is named.
func (l livy) code(ctx context.Context, c *Call, s service, j job) (Result, error) {
	code, err := c.text("code")
	if err != nil {
		return Result{}, err
	}
	kind, err := c.text("kind")
	if err != nil {
		return Result{}, err
	}
	kind = or(kind, "pyspark")
	values, err := c.mapping("parameters")
	if err != nil {
		return Result{}, err
	}
	if code, err = withValues(code, kind, values); err != nil {
		return Result{}, err
	}
	session, err := c.text("session")
	if err != nil {
		return Result{}, err
	}
	own := session == ""
	if own {
		if session, err = s.livyOwn(ctx, c, kind, j); err != nil {
			return Result{}, err
		}
	}
	path := "/sessions/" + url.PathEscape(session)
	end := func() {
		if own {
			last, cancel := context.WithTimeout(context.Background(), remoteRequest)
			defer cancel()
			_ = s.delete(last, path) // Livy ends an idle one by itself
		}
	}
	mark := "# "
	switch kind {
	case "spark":
		mark = "// "
	case "sql":
		mark = "-- "
	}
	mark += "kaon step " + c.ID
	j.find = func(ctx context.Context) (string, error) {
		var all struct {
			Statements []statement `json:"statements"`
		}
		if _, err := s.ask(ctx, http.MethodGet, path+"/statements", nil, &all); err != nil {
			return "", submitted(err)
		}
		for _, st := range all.Statements {
			if strings.HasSuffix(strings.TrimSpace(st.Code), mark) {
				return strconv.Itoa(st.ID), nil
			}
		}
		return "", nil
	}
	j.submit = func(ctx context.Context) (string, error) {
		return s.livyBegin(ctx, path+"/statements",
			map[string]any{"code": strings.TrimRight(code, "\n") + "\n" + mark, "kind": kind})
	}
	j.look = func(ctx context.Context, id string) (glance, error) {
		var st statement
		if _, err := s.ask(ctx, http.MethodGet, path+"/statements/"+url.PathEscape(id), nil, &st); err != nil {
			return glance{}, looked(id, err)
		}
		percent := 100 * st.Progress
		g := glance{percent: &percent, text: st.State}
		switch {
		case st.State == "cancelled" || st.State == "error" && st.Output == nil:
			g.ended, g.err = true, failed("statement %s is %s", id, st.State)
		case (st.State == "available" || st.State == "error") && st.Output != nil:
			g.ended, g.out = true, st.outputs(session)
			if st.Output.Status == "error" {
				g.err = failed("%s: %.500s", st.Output.Name, st.Output.Value)
			}
		}
		return g, nil
	}
	j.kill = func(ctx context.Context, id string) error {
		_, err := s.ask(ctx, http.MethodPost, path+"/statements/"+url.PathEscape(id)+"/cancel", map[string]any{}, nil)
		return err
	}
	result, err := c.remote(ctx, j)
	if err == nil || errors.Is(err, ErrStop) || ctx.Err() == nil {
		end()
	}
	return result, err
}

// livyOwn makes a session for a step, or finds it again, and waits until it takes code.
func (s service) livyOwn(ctx context.Context, c *Call, kind string, j job) (string, error) {
	body := map[string]any{"name": c.ID, "kind": kind}
	c.set(body, livyFields)
	var id string
	own := *c
	own.Kept, own.Keep = "", nil // the statement's id is what is kept
	j.find = func(ctx context.Context) (string, error) { return s.livyNamed(ctx, "/sessions", c.ID) }
	j.submit = func(ctx context.Context) (string, error) { return s.livyBegin(ctx, "/sessions", body) }
	j.look = func(ctx context.Context, session string) (glance, error) {
		id = session
		b, err := s.livyState(ctx, "/sessions/"+url.PathEscape(session))
		if err != nil {
			return glance{}, looked(session, err)
		}
		g := glance{text: "session " + b.State}
		switch b.State {
		case "idle", "busy":
			g.ended = true
		case "error", "dead", "killed", "success", "shutting_down":
			g.ended, g.err = true, failed("session %s is %s%s", session, b.State, b.why())
		}
		return g, nil
	}
	j.kill = func(ctx context.Context, session string) error {
		return s.delete(ctx, "/sessions/"+url.PathEscape(session))
	}
	_, err := own.remote(ctx, j)
	return id, err
}

// outputs are what a statement has answered: its text, or JSON, and the rows of an SQL query.
func (st statement) outputs(session string) map[string]any {
	out := map[string]any{"session": session, "statement": st.ID}
	if text, ok := st.Output.Data["text/plain"].(string); ok {
		out["text"] = text
		if v, err := Decode([]byte(text)); err == nil {
			out["value"] = v
		}
	}
	table, _ := st.Output.Data["application/json"].(map[string]any)
	schema, _ := table["schema"].(map[string]any)
	fields, _ := schema["fields"].([]any)
	data, _ := table["data"].([]any)
	if fields == nil || data == nil {
		return out
	}
	rows := []any{}
	for _, d := range data[:min(len(data), MaxTable)] {
		cells, _ := d.([]any)
		row := map[string]any{}
		for i, f := range fields {
			if field, ok := f.(map[string]any); ok && i < len(cells) {
				row[fmt.Sprint(field["name"])] = cells[i]
			}
		}
		rows = append(rows, row)
	}
	out["rows"] = rows
	return out
}
