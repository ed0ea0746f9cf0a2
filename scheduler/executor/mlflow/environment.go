package mlflow

import (
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/executor/environ"
)

// Attempt is what the variables are made from.
type Attempt struct {
	URI  string   // of the attempt's tracking server
	Spec []string // names of variables that the spec sets
}

// tracking is the variable that says where a program logs to.
const tracking = "MLFLOW_TRACKING_URI"

// own is the variable that says where kaon is to be found by a program that has set the other itself (kaon_mlflow.py).
const own = "KAON_MLFLOW"

// Environment adds MLflow's variables to env, whose names are unique. Who has said where to log to logs there.
func Environment(env []string, a Attempt) []string {
	l := environ.New(env)
	l.Remove(own)
	if l.Value(tracking) != "" {
		return l.Pairs()
	}
	l.Put(tracking, a.URI)
	l.Put(own, a.URI)
	for _, quiet := range []string{"MLFLOW_DISABLE_TELEMETRY", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"} {
		l.PutUnlessSet(quiet, "true")
	}
	if strings.HasPrefix(a.URI, "file:") {
		l.Put("MLFLOW_ALLOW_FILE_STORE", "true") // else version 3 refuses
	}
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"} {
		if l.Value(name) != "" {
			for _, none := range []string{"no_proxy", "NO_PROXY"} {
				if had := l.Value(none); !slices.Contains(strings.Split(had, ","), host) && had != "*" {
					l.Put(none, strings.TrimPrefix(had+","+host, ","))
				}
			}
		}
	}
	// A run that kaon itself was started in is not the trial's.
	const run = "MLFLOW_RUN_ID"
	if !slices.Contains(a.Spec, run) {
		l.Remove(run)
	}
	return l.Pairs()
}
