package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/user"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// genie runs a job through Netflix's Genie, by its REST interface of version 2 or 3.
type genie struct{}

func (genie) About() Description {
	return Description{Name: "genie", Text: "Runs a job through Genie, by its REST interface of version 2 or 3.",
		Light: true, Keys: []Key{
			{Name: "url", Kind: "text", Needed: true, Text: "of Genie, as http://genie:8080"},
			{Name: "api", Kind: "number", Text: "2 or 3; 3 when left out"},
			{Name: "cluster", Kind: "list", Needed: true,
				Text: "tags of the cluster, or a list of such lists, the better first"},
			{Name: "command", Kind: "list", Needed: true, Text: "tags of the command"},
			{Name: "arguments", Kind: "list", Text: "of the command: a list of words, or a text that a shell parts " +
				"and that has no ${…}"},
			{Name: "name", Kind: "text", Text: "of the job; the step's when left out"},
			{Name: "user", Kind: "text", Text: "whose job it is; who runs kaon when left out"},
			{Name: "version", Kind: "text", Text: "of the job; 1 when left out"},
			{Name: "tags", Kind: "list", Text: "of the job"},
			{Name: "output_file", Kind: "text", Text: "a file of the job's output with a JSON object: what " +
				"the step puts out"},
			{Name: "request", Kind: "mapping", Text: "further fields of the request by Genie's names, as {memory: " +
				"2048, group: science}"},
			headersKey, everyKey,
		}}
}

func (genie) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	checkURL(keys, fail)
	if t := keys.Get("api"); t != nil && !template(t.Text) && t.Text != "2" && t.Text != "3" {
		fail(t, "api", fmt.Sprintf("there is no version `%.20s` of Genie's interface here", t.Text), "write 2 or 3")
	}
	for field, t := range map[string]*sweep.Tree{
		"arguments": keys.Get("arguments"), "request": keys.Get("request"),
		"request.commandArgs":      keys.Get("request").Get("commandArgs"),
		"request.commandArguments": keys.Get("request").Get("commandArguments"),
	} {
		if t != nil && (template(t.Text) || field == "request.commandArguments" &&
			slices.ContainsFunc(t.Items, func(one *sweep.Tree) bool { return template(one.Text) })) {
			fail(t, field, "a value in ${…} would become part of what a shell carries out",
				"write a list under `arguments`, of which each word stays one")
		}
	}
}

// genieJob is what both versions say of a job.
type genieJob struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Message string `json:"statusMsg"`
	Output  string `json:"outputURI"`
	Archive string `json:"archiveLocation"`
	Cluster string `json:"clusterName"`
	Command string `json:"commandName"`
}

func (genie) Run(ctx context.Context, c *Call) (Result, error) {
	s, every, err := c.watched()
	if err != nil {
		return Result{}, err
	}
	version, err := c.text("api")
	if err != nil {
		return Result{}, err
	}
	base := "/api/v3/jobs"
	if version == "2" {
		base = "/genie/v2/jobs"
	}
	body, err := c.genieRequest()
	if err != nil {
		return Result{}, err
	}
	file, err := c.text("output_file")
	if err != nil {
		return Result{}, err
	}
	path := func(id string) string { return base + "/" + url.PathEscape(id) }
	return c.remote(ctx, job{
		every: every,
		find: func(ctx context.Context) (string, error) { // the id is ours, and Genie takes it
			var j genieJob
			_, err := s.ask(ctx, http.MethodGet, path(c.ID), nil, &j)
			switch {
			case isGone(err):
				return "", nil
			case err != nil:
				return "", submitted(err)
			}
			return c.ID, nil
		},
		submit: func(ctx context.Context) (string, error) {
			_, err := s.ask(ctx, http.MethodPost, base, body, nil)
			var a *answerError
			if errors.As(err, &a) && a.status == http.StatusConflict { // an answer was lost, and the job is there
				err = nil
			}
			return c.ID, submitted(err)
		},
		look: func(ctx context.Context, id string) (glance, error) {
			var j genieJob
			if _, err := s.ask(ctx, http.MethodGet, path(id), nil, &j); err != nil {
				return glance{}, looked(id, err)
			}
			g := glance{text: strings.TrimSpace(strings.ToLower(j.Status) + " " + j.Message),
				out: map[string]any{"job": id, "status": j.Status}}
			for name, v := range map[string]string{"cluster": j.Cluster, "command": j.Command, "archive": j.Archive,
				"output": j.Output} {
				if v != "" {
					g.out[name] = v
				}
			}
			if j.Output == "" && version != "2" {
				g.out["output"] = s.base + path(id) + "/output"
			}
			switch j.Status {
			case "SUCCEEDED":
				g.ended = true
				if file != "" {
					g.err = s.genieOutputs(ctx, path(id), j, file, g.out)
				}
			case "FAILED", "KILLED", "INVALID":
				g.ended, g.err = true, failed("Genie job %s is %s: %s", id, j.Status,
					or(j.Message, "no reason is given"))
				if j.Status == "INVALID" {
					g.err = wrong("Genie job %s is invalid: %s", id, or(j.Message, "no reason is given"))
				}
			}
			return g, nil
		},
		kill: func(ctx context.Context, id string) error { return s.delete(ctx, path(id)) },
	})
}

// genieRequest is the job as Genie reads it.
func (c *Call) genieRequest() (map[string]any, error) {
	body := map[string]any{"id": c.ID, "name": c.Run + " " + c.Key, "user": userName(), "version": "1"}
	for _, key := range []string{"name", "user", "version"} {
		text, err := c.text(key)
		if err != nil {
			return nil, err
		}
		if text != "" {
			body[key] = text
		}
	}
	command, err := c.texts("command")
	if err != nil {
		return nil, err
	}
	clusters, err := c.genieClusters()
	if err != nil {
		return nil, err
	}
	body["commandCriteria"], body["clusterCriterias"] = command, clusters
	if tags, err := c.texts("tags"); err != nil {
		return nil, err
	} else if len(tags) > 0 {
		body["tags"] = tags
	}
	arguments, err := c.texts("arguments")
	if err != nil {
		return nil, err
	}
	if text, ok := c.Keys["arguments"].(string); ok {
		body["commandArgs"] = text
	} else if len(arguments) > 0 {
		// both versions make a script of them for a shell, which parts them and carries out what is not quoted
		for i, word := range arguments {
			arguments[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		body["commandArgs"] = strings.Join(arguments, " ")
	}
	return c.merged(body, "request")
}

// genieClusters are criteria of clusters: of one list of tags, or of several, the better first.
func (c *Call) genieClusters() (all []any, err error) {
	list, ok := c.Keys["cluster"].([]any)
	if !ok || len(list) == 0 {
		return nil, wrong("cluster: a list of tags is needed, as [type:yarn, sched:adhoc]")
	}
	if _, nested := list[0].([]any); !nested {
		list = []any{list}
	}
	for _, tags := range list {
		words, ok := tags.([]any)
		if !ok || len(words) == 0 {
			return nil, wrong("cluster: a list of tags, or a list of such lists is needed, not %s",
				short(c.Keys["cluster"]))
		}
		all = append(all, map[string]any{"tags": words})
	}
	return all, nil
}

// genieOutputs reads what the job left for the step to put out.
func (s service) genieOutputs(ctx context.Context, path string, j genieJob, file string, out map[string]any) error {
	at := s
	where := path + "/output/" + file
	if j.Output != "" { // version 2 says where
		at.base, where = strings.TrimRight(j.Output, "/"), "/"+file
		if u, err := url.Parse(at.base); err != nil || u.Host == "" || !strings.HasPrefix(at.base, s.base+"/") {
			at.headers = nil // what it is told by is Genie's alone
		}
	}
	var text string
	if _, err := at.ask(ctx, http.MethodGet, where, nil, &text); err != nil {
		return failed("read its output %s: %w", file, err)
	}
	more, err := outputs([]byte(text))
	if err != nil {
		return failed("its output %s is no JSON object: %.60s", file, text)
	}
	for name, v := range more {
		out[name] = v
	}
	if data, err := json.Marshal(out); err != nil || len(data) > MaxOutput {
		return failed("its output %s has more than %d bytes", file, MaxOutput)
	}
	return nil
}

// userName is who runs kaon.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "kaon"
}
