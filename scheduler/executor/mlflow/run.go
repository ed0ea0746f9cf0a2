package mlflow

import (
	"encoding/json"
	"strings"
)

// run is one of MLflow's: what a program starts with start_run, or has started by logging something.
type run struct {
	info    runInfo
	params  []pair
	tags    []pair
	metrics map[string]*series
	names   []string // of metrics, as they came
	inputs  inputs
	outputs outputs
	prefix  string // of its metrics' names among the trial's
	passed  bool   // its metrics become no points
}

// runInfo is what MLflow tells of a run besides its data.
type runInfo struct {
	ID         string `json:"run_id"`
	UUID       string `json:"run_uuid"`
	Name       string `json:"run_name"`
	Experiment string `json:"experiment_id"`
	User       string `json:"user_id"`
	Status     string `json:"status"`
	Start      int64  `json:"start_time"`
	End        int64  `json:"end_time,omitempty"`
	Artifacts  string `json:"artifact_uri"`
	Stage      string `json:"lifecycle_stage"`
}

// inputs and outputs are data sets and models, as the program gave them.
type inputs struct {
	Datasets []json.RawMessage `json:"dataset_inputs,omitempty"`
	Models   []json.RawMessage `json:"model_inputs,omitempty"`
}

type outputs struct {
	Models []json.RawMessage `json:"model_outputs,omitempty"`
}

// Tags with a meaning, of MLflow's own.
const (
	parentTag = "mlflow.parentRunId"
	nameTag   = "mlflow.runName"
	modelTag  = "mlflow.log-model.history"
)

// told is a run as MLflow tells it.
func (r *run) told() any {
	type data struct {
		Metrics []value `json:"metrics,omitempty"`
		Params  []pair  `json:"params,omitempty"`
		Tags    []pair  `json:"tags,omitempty"`
	}
	d := data{Params: r.params, Tags: r.tags}
	for _, name := range r.names {
		d.Metrics = append(d.Metrics, r.metrics[name].last())
	}
	return struct {
		Info    runInfo `json:"info"`
		Data    data    `json:"data"`
		Inputs  inputs  `json:"inputs"`
		Outputs outputs `json:"outputs"`
	}{r.info, d, r.inputs, r.outputs}
}

// nameOr is the name of a nested run as a part of a metric's name.
func nameOr(name, serial string) string {
	const most = 64
	if name == "" || len(name) > most {
		return serial
	}
	return name
}

// statuses are those of a run, by the numbers that protocol buffers give them.
var statuses = []string{"", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"}

// look finds what a filter names in a run.
func (r *run) look(kind, key string) (any, bool) {
	switch kind {
	case "metrics":
		if s := r.metrics[key]; s != nil {
			return float64(s.last().Value), true
		}
		return nil, false
	case "params":
		return lookUp(r.params, key)
	case "tags":
		return lookUp(r.tags, key)
	}
	switch strings.ToLower(key) {
	case "run_id", "run id":
		return r.info.ID, true
	case "run_name", "run name":
		return r.info.Name, true
	case "status":
		return r.info.Status, true
	case "start_time", "start time", "created":
		return float64(r.info.Start), true
	case "end_time":
		return float64(r.info.End), true
	case "user_id":
		return r.info.User, true
	case "artifact_uri":
		return r.info.Artifacts, true
	}
	return nil, false
}
