package manifest

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// Words of a command line are kept without secrets, and with everything else.
func TestWithoutSecrets(t *testing.T) {
	t.Setenv("MY_SECRET", "s3same")
	spec := &sweep.Spec{Task: sweep.Task{Secrets: []string{"MY_SECRET"}, Env: map[string]string{"DB_PASSWORD": "open sesame", "PLAIN": "plain text"}}}
	for word, want := range map[string]string{
		"task.env.API_KEY=x":                     "task.env.API_KEY=SECRET",
		"--set=task.env.GH_TOKEN=x=y":            "--set=task.env.GH_TOKEN=SECRET",
		`task.env={"DB_PASSWORD":"open sesame"}`: `task.env={"DB_PASSWORD":"SECRET"}`,
		"command=run s3same":                     "command=run SECRET",
		"http://user:pass@host:5050":             "http://user:SECRET@host:5050",
		"task.env.TOKENIZERS_PARALLELISM=false":  "task.env.TOKENIZERS_PARALLELISM=false",
		"parameters.max_tokens.value=7":          "parameters.max_tokens.value=7",
		"parameters.auth.values=[a,b]":           "parameters.auth.values=[a,b]",
		"plain text":                             "plain text",
	} {
		if got := WithoutSecrets(word, spec); got != want {
			t.Errorf("%s becomes %s, want %s", word, got, want)
		}
	}
	t.Setenv("API_KEY", "now")
	set, err := Overrides{"name=a", "task.env.API_KEY=SECRET"}.Restored("")
	if err != nil || strings.Join(set, " ") != "name=a task.env.API_KEY=now" {
		t.Errorf("restored: %q, %v", set, err)
	}
	if _, err := (Overrides{"task.env.NOBODY_HAS_IT=SECRET"}).Restored(""); err == nil || !strings.Contains(err.Error(), "NOBODY_HAS_IT") {
		t.Errorf("a secret that is not there: %v", err)
	}
}
