package mlflow

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// call answers one kind of request; id is what stands in its path.
type call func(t *Tracking, r *request, id string) (any, *problem)

// calls are those that are known, by method and path below /api/2.0/mlflow/; * stands for a part of it.
var calls = map[string]call{
	"POST experiments/create":              (*Tracking).createExperiment,
	"GET experiments/get":                  (*Tracking).getExperiment,
	"GET experiments/get-by-name":          (*Tracking).getExperimentByName,
	"POST experiments/search":              (*Tracking).searchExperiments,
	"GET experiments/search":               (*Tracking).searchExperiments,
	"GET experiments/list":                 (*Tracking).searchExperiments,
	"POST experiments/update":              (*Tracking).updateExperiment,
	"POST experiments/delete":              (*Tracking).deleteExperiment,
	"POST experiments/restore":             (*Tracking).restoreExperiment,
	"POST experiments/set-experiment-tag":  (*Tracking).tagExperiment,
	"POST runs/create":                     (*Tracking).createRun,
	"GET runs/get":                         (*Tracking).getRun,
	"POST runs/update":                     (*Tracking).updateRun,
	"POST runs/delete":                     (*Tracking).deleteRun,
	"POST runs/restore":                    (*Tracking).restoreRun,
	"POST runs/search":                     (*Tracking).searchRuns,
	"POST runs/log-metric":                 (*Tracking).logMetric,
	"POST runs/log-parameter":              (*Tracking).logParam,
	"POST runs/log-batch":                  (*Tracking).logBatch,
	"POST runs/set-tag":                    (*Tracking).setTag,
	"POST runs/delete-tag":                 (*Tracking).deleteTag,
	"POST runs/log-model":                  (*Tracking).logModel,
	"POST runs/log-inputs":                 (*Tracking).logInputs,
	"POST runs/outputs":                    (*Tracking).logOutputs,
	"GET metrics/get-history":              (*Tracking).history,
	"POST logged-models":                   (*Tracking).createModel,
	"POST logged-models/search":            (*Tracking).searchModels,
	"GET logged-models/*":                  (*Tracking).getModel,
	"PATCH logged-models/*":                (*Tracking).finalizeModel,
	"DELETE logged-models/*":               (*Tracking).deleteModel,
	"PATCH logged-models/*/tags":           (*Tracking).tagModel,
	"POST logged-models/*/params":          (*Tracking).addModelParams,
	"POST registered-models/create":        (*Tracking).createRegistered,
	"GET registered-models/get":            (*Tracking).getRegistered,
	"GET registered-models/search":         (*Tracking).searchRegistered,
	"POST registered-models/set-tag":       (*Tracking).tagRegistered,
	"POST registered-models/alias":         (*Tracking).setAlias,
	"GET registered-models/alias":          (*Tracking).getAlias,
	"POST model-versions/create":           (*Tracking).createVersion,
	"GET model-versions/get":               (*Tracking).getVersion,
	"GET model-versions/get-download-uri":  (*Tracking).versionSource,
	"POST model-versions/transition-stage": (*Tracking).moveVersion,
	"POST model-versions/set-tag":          (*Tracking).tagVersion,
	"PATCH model-versions/update":          (*Tracking).updateVersion,
	"GET model-versions/search":            (*Tracking).searchVersions,
}

// Answer answers a request, whose path begins with /api/.
func (t *Tracking) Answer(method, path string, query url.Values, body []byte) (any, *problem) {
	known, id := find(method, path)
	if known == nil {
		return nil, &problem{http.StatusNotFound, "ENDPOINT_NOT_FOUND",
			"kaon takes what trials log to MLflow, and does not answer " +
				method + " " + clip(path) + "; with task.mlflow: off, or MLFLOW_TRACKING_URI in task.env, trials " +
				"log elsewhere"}
	}
	r, bad := read(query, body)
	if bad != nil {
		return nil, bad
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, &problem{http.StatusForbidden, "PERMISSION_DENIED", "the trial is over"}
	}
	answer, bad := known(t, r, id)
	if bad != nil {
		return nil, bad
	}
	// What is answered is written out later, when others may have changed it.
	data, err := json.Marshal(answer)
	if err != nil {
		return nil, invalid("it cannot be answered: %v", err)
	}
	if len(data) > maxAnswer {
		return nil, invalid("the answer is longer than %d bytes: ask for fewer, with max_results", maxAnswer)
	}
	return json.RawMessage(data), nil
}

// find finds a call, and what stands in its path.
func find(method, path string) (known call, id string) {
	rest, ok := strings.CutPrefix(path, "/api/2.0/")
	if !ok {
		return nil, ""
	}
	if rest, ok = strings.CutPrefix(strings.TrimPrefix(rest, "preview/"), "mlflow/"); !ok {
		return nil, ""
	}
	if known = calls[method+" "+rest]; known != nil {
		return known, ""
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 2 || len(parts) > 3 {
		return nil, ""
	}
	id, parts[1] = parts[1], "*"
	return calls[method+" "+strings.Join(parts, "/")], id
}
