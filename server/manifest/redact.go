package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/sweep"
)

// ShortestSecret is the least that is masked, in characters: a shorter text would be found everywhere.
const ShortestSecret = 4

// hidden stands for a secret.
const hidden = "SECRET"

// secretName is a variable whose value nobody wants in a record. TOKENIZERS_PARALLELISM is none.
var secretName = regexp.MustCompile(`(?i)(^|_)(secrets?|tokens?|pass|passw(or)?d|passphrase|pwd|credentials?|(api|access|private|secret|auth)_?keys?|apikey|auth)($|_)`)

// WithoutSecrets is a word of a command line without the secrets of an address, of the spec, or of a
// variable whose name says that it is one.
func WithoutSecrets(word string, spec *sweep.Spec) string {
	flag, text := "", word
	if name, value, ok := strings.Cut(word, "="); ok && strings.HasPrefix(name, "-") {
		flag, text = name+"=", value
	}
	key, _, ok := strings.Cut(text, "=")
	if env, name, _ := cutLast(key); ok && (env == "env" || strings.HasSuffix(env,
		".env")) && secretName.MatchString(name) {
		text = key + "=" + hidden
	}
	for s := spec; s != nil; {
		for _, value := range secretsOf(s) {
			text = strings.ReplaceAll(text, value, hidden)
		}
		if s.Then == nil {
			break
		}
		s = s.Then.Next
	}
	if strings.Contains(text, "://") {
		text = mesos.Redact(text)
	}
	return flag + text
}

// cutLast splits a key of --set before its last part.
func cutLast(key string) (before, last string, found bool) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", key, false
	}
	return key[:i], key[i+1:], true
}

// secretsOf are the values that a spec's trials get and nobody else: those of task.secrets, and of task.env
// what is named like one.
func secretsOf(spec *sweep.Spec) (values []string) {
	for _, name := range spec.Task.Secrets {
		values = append(values, os.Getenv(name))
	}
	for name, value := range spec.Task.Env {
		if secretName.MatchString(name) && !strings.Contains(value, "${") {
			values = append(values, value)
		}
	}
	values = slices.DeleteFunc(values, func(v string) bool { return len(v) < ShortestSecret })
	// one may hold another
	slices.SortFunc(values, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return values
}

func quoted(text string) []byte {
	q, _ := json.Marshal(text) // a string has a form
	return q
}

// withoutEnv hides in an effective spec the values of env whose names say that they are secrets.
func withoutEnv(effective []byte) []byte {
	var top struct {
		Task struct {
			Env map[string]json.RawMessage `json:"env"`
		} `json:"task"`
	}
	if json.Unmarshal(effective, &top) != nil {
		return effective
	}
	for name, value := range top.Task.Env {
		if secretName.MatchString(name) && !bytes.Contains(value, []byte("${")) {
			pair := append(quoted(name), ':')
			effective = bytes.ReplaceAll(effective, append(slices.Clone(pair), value...),
				append(pair, quoted(hidden)...))
		}
	}
	return effective
}
