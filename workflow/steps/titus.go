package steps

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// titus runs a batch job on Netflix's Titus, by its REST interface of version 3.
type titus struct{}

func (titus) About() Description {
	return Description{Name: "titus", Text: "Runs a batch job on Titus, by its REST interface.", Light: true,
		Keys: []Key{
			{Name: "url", Kind: "text", Needed: true, Text: "of the gateway, as http://titus:7001"},
			{Name: "application", Kind: "text", Text: "the application's name; kaon when left out"},
			{Name: "owner", Kind: "text", Text: "an address of mail"},
			{Name: "image", Kind: "text", Needed: true, Text: "name, name:tag or name@sha256:…"},
			{Name: "command", Kind: "words", Text: "what the container runs; the image's own when left out"},
			{Name: "size", Kind: "number", Text: "how many tasks; 1 when left out"},
			{Name: "cpus", Kind: "number", Text: "of a task; 1 when left out"},
			{Name: "memory_mb", Kind: "number", Text: "512 when left out"},
			{Name: "disk_mb", Kind: "number", Text: "10000 when left out"},
			{Name: "gpus", Kind: "number", Text: "none when left out"},
			{Name: "network_mbps", Kind: "number", Text: "128 when left out"},
			{Name: "runtime_limit", Kind: "duration", Text: "of a task; a day when left out"},
			{Name: "task_retries", Kind: "number", Text: "how often Titus starts a task again; 0 when " +
				"left out: `retry` " +
				"starts the job again"},
			{Name: "capacity_group", Kind: "text", Text: "whose capacity it takes"},
			{Name: "iam_role", Kind: "text", Text: "the role of its tasks"},
			{Name: "security_groups", Kind: "list", Text: "of its tasks"},
			{Name: "request", Kind: "mapping", Text: "further fields of the job by Titus' names"},
			headersKey, everyKey,
		}}
}

func (titus) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	checkURL(keys, fail)
}

// titusMark is the attribute by which a job is found again.
const titusMark = "kaon.step"

type titusStatus struct {
	State   string `json:"state"`
	Reason  string `json:"reasonCode"`
	Message string `json:"reasonMessage"`
}

type titusTask struct {
	ID      string            `json:"id"`
	Context map[string]string `json:"taskContext"` // task.index, and how often it was started again
	Status  titusStatus       `json:"status"`
	Logs    struct {
		UI struct {
			URL string `json:"url"`
		} `json:"ui"`
	} `json:"logLocation"`
}

func (titus) Run(ctx context.Context, c *Call) (Result, error) {
	s, every, err := c.watched()
	if err != nil {
		return Result{}, err
	}
	body, err := c.titusJob()
	if err != nil {
		return Result{}, err
	}
	path := func(id string) string { return "/api/v3/jobs/" + url.PathEscape(id) }
	return c.remote(ctx, job{
		every: every,
		find: func(ctx context.Context) (string, error) {
			var found struct {
				Items []struct {
					ID string `json:"id"`
				} `json:"items"`
			}
			query := url.Values{"attributes": {titusMark + ":" + c.ID}, "jobType": {"batch"}, "pageSize": {"1"}}
			if _, err := s.ask(ctx, http.MethodGet, "/api/v3/jobs?"+query.Encode(), nil, &found); err != nil {
				return "", submitted(err)
			}
			if len(found.Items) == 0 {
				return "", nil
			}
			return found.Items[0].ID, nil
		},
		submit: func(ctx context.Context) (string, error) {
			var made struct {
				ID string `json:"id"`
			}
			_, err := s.ask(ctx, http.MethodPost, "/api/v3/jobs", body, &made)
			if err == nil && made.ID == "" {
				return "", lost(fmt.Errorf("%s does not say which id the job has", s.base))
			}
			return made.ID, submitted(err)
		},
		look: func(ctx context.Context, id string) (glance, error) {
			var j struct {
				Status titusStatus `json:"status"`
			}
			if _, err := s.ask(ctx, http.MethodGet, path(id), nil, &j); err != nil {
				return glance{}, looked(id, err)
			}
			return s.titusTasks(ctx, id, j.Status)
		},
		kill: func(ctx context.Context, id string) error { return s.delete(ctx, path(id)) },
	})
}

func (t titusTask) resubmits() int {
	n, _ := strconv.Atoi(t.Context["task.resubmitNumber"]) // none: the first
	return n
}

// titusTasks is how the tasks of a job stand.
func (s service) titusTasks(ctx context.Context, id string, status titusStatus) (glance, error) {
	query := url.Values{"jobIds": {id}, "pageSize": {"1000"}}
	query.Set("taskStates", "Accepted,Launched,StartInitiated,Started,KillInitiated,Disconnected,Finished")
	var all struct {
		Items []titusTask `json:"items"`
	}
	if _, err := s.ask(ctx, http.MethodGet, "/api/v3/tasks?"+query.Encode(), nil, &all); err != nil {
		return glance{}, looked(id, err)
	}
	g := glance{out: map[string]any{"job": id}}
	last := map[string]titusTask{} // of each index
	for _, t := range all.Items {
		if t.Logs.UI.URL != "" {
			g.out["logs"] = t.Logs.UI.URL
		}
		index := or(t.Context["task.index"], t.ID)
		if had, ok := last[index]; !ok || t.resubmits() > had.resubmits() {
			last[index] = t
		}
	}
	states := map[string]int{}
	var bad *titusTask
	for _, index := range slices.Sorted(maps.Keys(last)) {
		t := last[index]
		states[t.Status.State]++
		if t.Status.State == "Finished" && t.Status.Reason != "normal" && bad == nil {
			bad = &t
		}
	}
	parts := []string{status.State}
	for _, state := range []string{"Accepted", "Launched", "StartInitiated", "Started", "Finished"} {
		if n := states[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	g.text = strings.Join(parts, ", ")
	if len(last) > 0 {
		percent := 100 * float64(states["Finished"]) / float64(len(last))
		g.percent = &percent
	}
	if status.State != "Finished" {
		return g, nil
	}
	g.ended = true
	g.out["tasks"] = len(last)
	switch {
	case bad != nil:
		err := fmt.Errorf("Titus task %s ended as %s: %s", bad.ID, bad.Status.Reason,
			or(bad.Status.Message, "no reason is given"))
		g.err = failed("%w", err)
		switch bad.Status.Reason {
		case "lost", "stuckInState", "crashed", "transientSystemError", "localSystemError", "unknownSystemError":
			g.err = lost(err)
		case "invalidRequest":
			g.err = wrong("%w", err)
		case "runtimeLimitExceeded":
			g.err = &Failure{engine.Timeout, err}
		}
	case len(all.Items) == 0:
		g.err = lost(fmt.Errorf("Titus job %s has ended, and Titus does not know its tasks any more: %s",
			id, status.Message))
	}
	return g, nil
}

// titusJob is the job as Titus reads it.
func (c *Call) titusJob() (map[string]any, error) {
	image, err := c.text("image")
	if err == nil {
		err = needed("image", image)
	}
	if err != nil {
		return nil, err
	}
	limit, err := c.duration("runtime_limit", 24*time.Hour)
	if err != nil {
		return nil, err
	}
	resources := map[string]any{"cpu": 1, "memoryMB": 512, "diskMB": 10000, "networkMbps": 128}
	c.set(resources, map[string]string{"cpus": "cpu", "memory_mb": "memoryMB", "disk_mb": "diskMB", "gpus": "gpu",
		"network_mbps": "networkMbps"})
	security := map[string]any{}
	c.set(security, map[string]string{"iam_role": "iamRole", "security_groups": "securityGroups"})
	env := map[string]any{}
	for name, v := range c.Env {
		env[name] = v
	}
	for name, v := range c.Inputs {
		env[sweep.EnvName(name)] = textOf(v)
	}
	container := map[string]any{"image": imageOf(image), "resources": resources,
		"securityProfile": security, "env": env}
	if len(c.Script.Values) > 0 {
		return nil, wrong("command: values in a text for a shell are not possible here; write a list of words, " +
			"or give them as `inputs`, " +
			"which are $KAON_PARAM_NAME")
	}
	if c.Script.Shell != "" {
		container["entryPoint"], container["command"] = []string{"sh"}, []string{"-c", c.Script.Shell}
	} else if len(c.Script.Words) > 0 {
		words := make([]string, len(c.Script.Words))
		for i, w := range c.Script.Words {
			words[i] = strings.ReplaceAll(w, "$${", "${")
		}
		container["entryPoint"] = words
	}
	retries, size := 0, any(1)
	if c.Keys["task_retries"] != nil {
		if _, err := fmt.Sscan(fmt.Sprint(c.Keys["task_retries"]), &retries); err != nil || retries < 0 {
			return nil, wrong("task_retries: a whole number is needed, not %s", short(c.Keys["task_retries"]))
		}
	}
	if v := c.Keys["size"]; v != nil {
		size = v
	}
	body := map[string]any{
		"applicationName": "kaon", "container": container,
		"attributes":   map[string]any{titusMark: c.ID, "kaon.run": c.Run},
		"jobGroupInfo": map[string]any{"sequence": c.ID}, // no two jobs of one application have the same at a time
		"batch": map[string]any{"size": size, "runtimeLimitSec": int64(limit.Seconds()),
			"retryPolicy": map[string]any{"immediate": map[string]any{"retries": retries}}},
	}
	owner, err := c.text("owner")
	if err != nil {
		return nil, err
	}
	if owner != "" {
		body["owner"] = map[string]any{"teamEmail": owner}
	}
	c.set(body, map[string]string{"application": "applicationName", "capacity_group": "capacityGroup"})
	return c.merged(body, "request")
}

// imageOf parts an image's name.
func imageOf(name string) map[string]any {
	if at := strings.Index(name, "@"); at >= 0 {
		return map[string]any{"name": name[:at], "digest": name[at+1:]}
	}
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		return map[string]any{"name": name[:at], "tag": name[at+1:]}
	}
	return map[string]any{"name": name, "tag": "latest"}
}

// textOf is a value as a variable of the environment has it.
func textOf(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return plain(v)
}
