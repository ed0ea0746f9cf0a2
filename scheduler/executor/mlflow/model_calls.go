package mlflow

import (
	"slices"
	"strconv"
)

func (t *Tracking) createModel(r *request, _ string) (any, *problem) {
	m := &model{}
	serial := "m-" + strconv.Itoa(len(t.models)+1)
	m.Info = modelInfo{ID: "m-" + newID(), Experiment: r.ExperimentID, Name: r.Name, Created: t.now(), Updated: t.now(),
		Artifacts: FileURI(t.Folder, "models", serial), Status: modelStates[1], Type: r.ModelType, Run: r.SourceRunID}
	if m.Info.Name == "" {
		m.Info.Name = serial
	}
	if !t.keep(len(r.Name) + len(r.ModelType) + len(r.SourceRunID) + len(r.ExperimentID) + 4*place) {
		return nil, full()
	}
	if bad := t.put(&m.Info.Tags, r.Tags...); bad != nil {
		return nil, bad
	}
	t.models = append(t.models, m)
	return map[string]any{"model": m}, t.put(&m.Data.Params, r.Params...)
}

func (t *Tracking) modelOf(id string) (*model, *problem) {
	for _, m := range t.models {
		if m.Info.ID == id {
			return m, nil
		}
	}
	return nil, missing("Logged model with ID '%s' not found.", clip(id))
}

func (t *Tracking) getModel(_ *request, id string) (any, *problem) {
	m, bad := t.modelOf(id)
	return map[string]any{"model": m}, bad
}

func (t *Tracking) finalizeModel(r *request, id string) (any, *problem) {
	m, bad := t.modelOf(id)
	if bad != nil {
		return nil, bad
	}
	status := textOf(r.Status)
	if n, err := strconv.Atoi(status); err == nil && n > 0 && n < len(modelStates) {
		status = modelStates[n]
	}
	if !slices.Contains(modelStates, status) {
		return nil, invalid("status: a model is not %s", clip(status))
	}
	m.Info.Status, m.Info.Updated = status, t.now()
	return map[string]any{"model": m}, nil
}

func (t *Tracking) deleteModel(_ *request, id string) (any, *problem) {
	_, bad := t.modelOf(id)
	if bad == nil {
		t.models = slices.DeleteFunc(t.models, func(m *model) bool { return m.Info.ID == id })
	}
	return nothing{}, bad
}

func (t *Tracking) tagModel(r *request, id string) (any, *problem) {
	m, bad := t.modelOf(id)
	if bad != nil {
		return nil, bad
	}
	return map[string]any{"model": m}, t.put(&m.Info.Tags, r.Tags...)
}

func (t *Tracking) addModelParams(r *request, id string) (any, *problem) {
	m, bad := t.modelOf(id)
	if bad != nil {
		return nil, bad
	}
	return map[string]any{"model": m}, t.put(&m.Data.Params, r.Params...)
}

func (t *Tracking) searchModels(r *request, _ string) (any, *problem) {
	f, bad := parseFilter(r.Filter)
	if bad != nil {
		return nil, bad
	}
	found := []*model{}
	for _, m := range slices.Backward(t.models) {
		look := func(kind, key string) (any, bool) {
			switch {
			case kind == "params":
				return lookUp(m.Data.Params, key)
			case kind == "tags":
				return lookUp(m.Info.Tags, key)
			case kind == "metrics":
				return nil, false
			}
			return lookUp([]pair{{"name", m.Info.Name}, {"model_id", m.Info.ID}, {"model_type", m.Info.Type},
				{"status", m.Info.Status}, {"source_run_id", m.Info.Run}}, key)
		}
		if slices.Contains(r.ExperimentIDs, m.Info.Experiment) && f.holds(look) {
			found = append(found, m)
		}
	}
	return map[string]any{"models": found}, nil
}
