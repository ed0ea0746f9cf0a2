package mlflow

import (
	"slices"
	"strings"
)

// Attempt is what the variables are made from.
type Attempt struct {
	URI  string   // of the attempt's tracking server
	Spec []string // names of variables that the spec sets
}

// tracking is the variable that says where a program logs to.
const tracking = "MLFLOW_TRACKING_URI"

// Environment adds MLflow's variables to env, whose names are unique. Who has said where to log to logs there.
func Environment(env []string, a Attempt) []string {
	at := make(map[string]int, len(env))
	for i, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		at[name] = i
	}
	value := func(name string) string {
		if i, ok := at[name]; ok {
			return env[i][len(name)+1:]
		}
		return ""
	}
	put := func(name, value string) {
		if i, ok := at[name]; ok {
			env[i] = name + "=" + value
			return
		}
		at[name] = len(env)
		env = append(env, name+"="+value)
	}
	if value(tracking) != "" {
		return env
	}
	put(tracking, a.URI)
	for _, quiet := range []string{"MLFLOW_DISABLE_TELEMETRY", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"} {
		if _, ok := at[quiet]; !ok {
			put(quiet, "true")
		}
	}
	if strings.HasPrefix(a.URI, "file:") {
		put("MLFLOW_ALLOW_FILE_STORE", "true") // else version 3 refuses
	}
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"} {
		if value(name) != "" {
			for _, none := range []string{"no_proxy", "NO_PROXY"} {
				if had := value(none); !slices.Contains(strings.Split(had, ","), host) && had != "*" {
					put(none, strings.TrimPrefix(had+","+host, ","))
				}
			}
		}
	}
	// A run that kaon itself was started in is not the trial's.
	const run = "MLFLOW_RUN_ID"
	if i, ok := at[run]; ok && !slices.Contains(a.Spec, run) {
		env = slices.Delete(env, i, i+1)
	}
	return env
}
