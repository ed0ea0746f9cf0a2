package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// ErrSecret: a secret parameter is not known to this process.
var ErrSecret = errors.New("a secret parameter is missing")

// shortestSecret is the least that is masked: a shorter text would be found everywhere.
const shortestSecret = 4

const masked = "***"

// secrets are the values of a run's secret parameters. They are in no log: whoever goes on with a run is given them
// again.
type secrets map[string]string

// takeSecrets parts the values of secret parameters from the others.
func takeSecrets(wf *workflow.Workflow, given map[string]any) (secrets, map[string]any, error) {
	s, others := secrets{}, maps.Clone(given)
	for _, p := range wf.Parameters {
		v, ok := given[p.Name]
		if !p.Secret || !ok {
			continue
		}
		delete(others, p.Name)
		text, isText := v.(string)
		if !isText || len(text) < shortestSecret {
			return nil, nil, fmt.Errorf("parameter `%s`: a secret is a text of at least %d characters", p.Name,
				shortestSecret)
		}
		s[p.Name] = text
	}
	return s, others, nil
}

// secretsAgain are those of a run that was begun by another process; look nil: variables of the environment.
func secretsAgain(wf *workflow.Workflow, look func(string) (string, bool)) (secrets, error) {
	if look == nil {
		look = os.LookupEnv
	}
	s := secrets{}
	for _, p := range wf.Parameters {
		if !p.Secret {
			continue
		}
		v, ok := look(p.Name)
		if !ok || len(v) < shortestSecret {
			return nil, fmt.Errorf("%w: `%s` is in no log, and has to be given again: set the variable %s", ErrSecret,
				p.Name, p.Name)
		}
		s[p.Name] = v
	}
	return s, nil
}

// hide is a value without secrets.
func (s secrets) hide(v any) any {
	if len(s) == 0 {
		return v
	}
	switch v := v.(type) {
	case string:
		return s.text(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = s.hide(item)
		}
		return out
	case map[string]any:
		return s.mapping(v)
	}
	return v
}

func (s secrets) mapping(m map[string]any) map[string]any {
	if len(s) == 0 || m == nil {
		return m
	}
	out := make(map[string]any, len(m))
	for name, v := range m {
		out[s.text(name)] = s.hide(v)
	}
	return out
}

func (s secrets) text(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, masked)
	}
	return text
}

// json is a JSON value without secrets.
func (s secrets) json(value json.RawMessage) json.RawMessage {
	if len(s) == 0 || len(value) == 0 {
		return value
	}
	var v any
	if json.Unmarshal(value, &v) != nil {
		return nil
	}
	data, err := json.Marshal(s.hide(v))
	if err != nil {
		return nil
	}
	return data
}

// within tells whether a JSON value has a secret in it.
func (s secrets) within(value json.RawMessage) bool {
	if len(s) == 0 || len(value) == 0 {
		return false
	}
	var v any
	return json.Unmarshal(value, &v) != nil || !reflect.DeepEqual(s.hide(v), v)
}

// checkGiven refuses a parameter of another run that has a secret in it and would be in that run's log.
func (s secrets) checkGiven(wf *workflow.Workflow, given map[string]any) error {
	for _, p := range wf.Parameters {
		if v := given[p.Name]; !p.Secret && !reflect.DeepEqual(s.hide(v), v) {
			return fmt.Errorf("parameters.%s: it has a secret in it, and would be kept: declare `%s: {secret: "+
				"true}` in %s", p.Name, p.Name, wf.File)
		}
	}
	return nil
}

func (s secrets) event(ev engine.Event) engine.Event {
	if len(s) > 0 {
		ev.Reason, ev.Outputs, ev.Winner, ev.Artifacts = s.text(ev.Reason), s.mapping(ev.Outputs), s.mapping(ev.Winner),
			s.mapping(ev.Artifacts)
	}
	return ev
}

func (s secrets) result(r steps.Result) steps.Result {
	r.Outputs, r.Winner, r.Artifacts = s.mapping(r.Outputs), s.mapping(r.Winner), s.mapping(r.Artifacts)
	return r
}
