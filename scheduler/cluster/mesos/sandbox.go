package mesos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Sandbox reads a task's files through its agent's files API, while the task runs and until the agent removes
// them.
type Sandbox struct {
	client jsonClient
	agent  string // http://host:port
	path   string // the task's folder, as the agent knows it
}

// ErrNoTask: the masters know nothing of a task, or its agent is gone.
var ErrNoTask = errors.New("the cluster does not know the task any more")

const (
	askWait   = 15 * time.Second
	maxAnswer = 64 << 20 // an agent's state
	readBytes = 64 << 10
)

// jsonClient asks masters and agents for JSON, with the credentials of a Config.
type jsonClient struct {
	client    *http.Client
	scheme    string
	principal string
	secret    string
}

// FindSandbox asks the masters where a task runs or ran, and its agent for the folder of its executor. The
// folder that is wanted, as that of the task's name, is below that. The error wraps ErrNoTask when nobody knows.
func FindSandbox(ctx context.Context, c Config, task, folder string) (*Sandbox, error) {
	a, end, err := newJSONClient(c)
	if err != nil {
		return nil, err
	}
	defer end()
	var failed error
	for _, master := range c.Masters {
		s, err := a.find(ctx, master, task, folder)
		if err == nil {
			return s, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

func (a jsonClient) find(ctx context.Context, master, task, below string) (*Sandbox, error) {
	var tasks struct {
		Tasks []struct {
			ID        string `json:"id"`
			Agent     string `json:"slave_id"`
			Framework string `json:"framework_id"`
			Executor  string `json:"executor_id"`
		}
	}
	if err := a.get(ctx, a.scheme+"://"+master+"/tasks?limit=1&task_id="+url.QueryEscape(task),
		&tasks); err != nil {
		return nil, err
	}
	if len(tasks.Tasks) == 0 {
		return nil, fmt.Errorf("%s at %s: %w", task, master, ErrNoTask)
	}
	t := tasks.Tasks[0]
	var agents struct {
		Slaves []struct{ ID, PID string }
	}
	if err := a.get(ctx, a.scheme+"://"+master+"/slaves", &agents); err != nil {
		return nil, err
	}
	for _, agent := range agents.Slaves {
		if _, address, ok := strings.Cut(agent.PID, "@"); ok && agent.ID == t.Agent {
			base := a.scheme + "://" + address
			folder, err := a.executor(ctx, base, t.Framework, t.Executor)
			return &Sandbox{client: a, agent: base, path: path.Join(folder, below)}, err
		}
	}
	return nil, fmt.Errorf("agent %s of %s: %w", t.Agent, task, ErrNoTask)
}

// executor is the folder of an executor, running or not.
func (a jsonClient) executor(ctx context.Context, agent, framework, executor string) (string, error) {
	type executors []struct{ ID, Directory string }
	type frameworks []struct {
		ID        string
		Executors executors
		Completed executors `json:"completed_executors"`
	}
	var state struct {
		Frameworks frameworks
		Completed  frameworks `json:"completed_frameworks"`
	}
	if err := a.get(ctx, agent+"/state", &state); err != nil {
		return "", err
	}
	for _, f := range append(state.Frameworks, state.Completed...) {
		for _, x := range append(f.Executors, f.Completed...) {
			if f.ID == framework && x.ID == executor {
				return x.Directory, nil
			}
		}
	}
	return "", fmt.Errorf("executor %s at %s: %w", executor, agent, ErrNoTask)
}

// Read reads from a file of the sandbox, at most 64 KiB from an offset; nothing when the offset is its end.
// The error wraps fs.ErrNotExist when there is no such file.
func (s *Sandbox) Read(ctx context.Context, name string, offset int64) ([]byte, error) {
	q := url.Values{"path": {path.Join(s.path, name)}, "offset": {fmt.Sprint(offset)},
		"length": {fmt.Sprint(readBytes)}}
	var answer struct{ Data json.RawMessage }
	if err := s.client.get(ctx, s.agent+"/files/read?"+q.Encode(), &answer); err != nil {
		return nil, err
	}
	return rawText(answer.Data), nil
}

// rawText is a JSON text byte by byte. Mesos puts a file's bytes there as they are; encoding/json would
// replace what is no UTF-8, also of a character that was cut in two, and the next offset would be wrong.
func rawText(quoted []byte) []byte {
	if len(quoted) < 2 || quoted[0] != '"' {
		return nil
	}
	quoted = quoted[1 : len(quoted)-1]
	out := make([]byte, 0, len(quoted))
	for i := 0; i < len(quoted); i++ {
		if quoted[i] != '\\' || i+1 == len(quoted) {
			out = append(out, quoted[i])
			continue
		}
		i++
		switch c := quoted[i]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			if i+5 <= len(quoted) {
				n, _ := strconv.ParseUint(string(quoted[i+1:i+5]), 16, 16) // the decoder has seen that it is one
				out = utf8.AppendRune(out, rune(n))
				i += 4
			}
		default: // quotes, slashes
			out = append(out, c)
		}
	}
	return out
}

func (a jsonClient) get(ctx context.Context, address string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if a.principal != "" {
		req.SetBasicAuth(a.principal, a.secret)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(v)
	case http.StatusNotFound:
		return fmt.Errorf("%s: %w", req.URL.Path, fs.ErrNotExist)
	}
	return fmt.Errorf("%s: %s", req.URL.Path, resp.Status)
}
