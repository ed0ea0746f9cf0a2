package mlflow

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

func (t *Tracking) createRun(r *request, _ string) (any, *problem) {
	id := r.ExperimentID
	if id == "" {
		id = "0"
	}
	e, bad := t.experimentByID(id)
	if bad != nil { // one of a server that the program knows: its runs are the trial's all the same
		if !t.keep(len(id)) {
			return nil, full()
		}
		e = t.addExperiment(id, "Experiment "+id, "")
	}
	name := r.RunName
	if name == "" {
		name = get(r.Tags, nameTag)
	}
	made := &run{metrics: make(map[string]*series)}
	serial := "run-" + strconv.Itoa(len(t.runs)-t.nested+1)
	if parent := t.byID[get(r.Tags, parentTag)]; parent != nil {
		t.nested++
		serial = "nested-" + strconv.Itoa(t.nested)
		made.prefix = parent.prefix + nameOr(name, serial) + "."
		made.passed = parent.passed || t.nested > maxNested
		if len(made.prefix) > maxKey { // no name of a metric is that long
			made.prefix, made.passed = "", true
		}
	}
	if name == "" {
		name = serial
	}
	if !t.keep(len(name) + len(r.UserID) + len(e.Location) + 4*place) {
		return nil, full()
	}
	made.info = runInfo{ID: newID(), Name: name, Experiment: e.ID, User: r.UserID, Status: "RUNNING",
		Start: int64(r.StartTime), Stage: active}
	made.info.UUID = made.info.ID
	made.info.Artifacts = e.Location + "/" + made.info.ID + "/artifacts"
	if e.own {
		made.info.Artifacts = e.Location + "/" + serial
	}
	if bad := t.tag(made, append(r.Tags, pair{nameTag, name})...); bad != nil {
		return nil, bad
	}
	if t.byID == nil {
		t.byID = make(map[string]*run)
	}
	t.runs, t.byID[made.info.ID] = append(t.runs, made), made
	return map[string]any{"run": made.told()}, nil
}

func (t *Tracking) runOf(r *request) (*run, *problem) {
	if found := t.byID[r.RunID]; found != nil {
		return found, nil
	}
	return nil, missing("Run with id=%s not found", clip(r.RunID))
}

func (t *Tracking) getRun(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	return map[string]any{"run": found.told()}, nil
}

func (t *Tracking) updateRun(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	if status := textOf(r.Status); status != "" && status != "null" {
		if n, err := strconv.Atoi(status); err == nil && n > 0 && n < len(statuses) {
			status = statuses[n]
		}
		if !slices.Contains(statuses, status) {
			return nil, invalid("status: a run is none of %s, but %s", strings.Join(statuses[1:], ", "), clip(status))
		}
		found.info.Status = status
	}
	if r.EndTime != 0 {
		found.info.End = int64(r.EndTime)
	}
	if r.RunName != "" {
		if bad := t.tag(found, pair{nameTag, r.RunName}); bad != nil {
			return nil, bad
		}
	}
	return map[string]any{"run_info": found.info}, nil
}

func (t *Tracking) deleteRun(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad == nil {
		found.info.Stage = deleted
	}
	return nothing{}, bad
}

func (t *Tracking) restoreRun(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad == nil {
		found.info.Stage = active
	}
	return nothing{}, bad
}

func (t *Tracking) setTag(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	return nothing{}, t.tag(found, pair{r.Key, textOf(r.Value)})
}

func (t *Tracking) deleteTag(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	found.tags = slices.DeleteFunc(found.tags, func(p pair) bool { return p.Key == r.Key })
	return nothing{}, nil
}

func (t *Tracking) logParam(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	return nothing{}, t.addParams(found, pair{r.Key, textOf(r.Value)})
}

// addParams sets parameters; as in MLflow one that is set stays as it is.
func (t *Tracking) addParams(found *run, more ...pair) *problem {
	for _, p := range more {
		if had, ok := lookUp(found.params, p.Key); ok {
			if had != p.Value {
				return invalid("Changing param values is not allowed. Param with key='%s' was already logged "+
					"with value='%s' for run ID='%s'. "+
					"Attempted logging new value '%s'.", clip(p.Key), clip(had.(string)), found.info.ID, clip(p.Value))
			}
			continue
		}
		if bad := t.put(&found.params, p); bad != nil {
			return bad
		}
	}
	return nil
}

// logModel notes a model of version 1 and 2, as MLflow does it: in a tag.
func (t *Tracking) logModel(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	var history []json.RawMessage
	_ = json.Unmarshal([]byte(get(found.tags, modelTag)), &history)
	if !json.Valid([]byte(r.ModelJSON)) {
		return nil, invalid("model_json: want JSON")
	}
	all, err := json.Marshal(append(history, json.RawMessage(r.ModelJSON)))
	if err != nil {
		return nil, invalid("model_json: %v", err)
	}
	return nothing{}, t.put(&found.tags, pair{modelTag, string(all)})
}

func (t *Tracking) logInputs(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	if bad := t.append(&found.inputs.Datasets, r.Datasets); bad != nil {
		return nil, bad
	}
	return nothing{}, t.append(&found.inputs.Models, r.Models)
}

func (t *Tracking) logOutputs(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	return nothing{}, t.append(&found.outputs.Models, r.Models)
}

// append keeps objects of a list.
func (t *Tracking) append(all *[]json.RawMessage, list json.RawMessage) *problem {
	if len(list) == 0 {
		return nil
	}
	var more []map[string]json.RawMessage
	if err := json.Unmarshal(list, &more); err != nil {
		return invalid("want a list of objects, not %.100s", list)
	}
	for _, m := range more {
		one, err := json.Marshal(m)
		if err != nil {
			return invalid("%v", err)
		}
		if !t.keep(len(one)) {
			return full()
		}
		*all = append(*all, one)
	}
	return nil
}
