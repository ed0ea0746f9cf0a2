package mlflow

import (
	"slices"
	"strconv"
)

// known are the experiments, the first of which is there from the start, as in MLflow.
func (t *Tracking) known() []*experiment {
	if len(t.experiments) == 0 {
		t.addExperiment("0", "Default", "")
	}
	return t.experiments
}

func (t *Tracking) addExperiment(id, name, location string) *experiment {
	e := &experiment{ID: id, Name: name, Location: location, Stage: active, Updated: t.now(), Created: t.now()}
	if location == "" {
		e.own, e.Location = true, FileURI(t.Folder)
	}
	t.experiments = append(t.experiments, e)
	return e
}

func (t *Tracking) experimentByID(id string) (*experiment, *problem) {
	for _, e := range t.known() {
		if e.ID == id {
			return e, nil
		}
	}
	return nil, missing("No Experiment with id=%s exists", clip(id))
}

func (t *Tracking) experimentByName(name string) *experiment {
	for _, e := range t.known() {
		if e.Name == name {
			return e
		}
	}
	return nil
}

func (t *Tracking) createExperiment(r *request, _ string) (any, *problem) {
	switch {
	case r.Name == "":
		return nil, invalid("name: an experiment needs one")
	case t.experimentByName(r.Name) != nil:
		return nil, exists("Experiment(name=%s) already exists.", clip(r.Name))
	case len(r.ArtifactLocation) > maxLocation:
		return nil, invalid("artifact_location: it has %d bytes, at most %d are possible", len(r.ArtifactLocation),
			maxLocation)
	case !t.keep(len(r.Name) + len(r.ArtifactLocation)):
		return nil, full()
	}
	e := t.addExperiment(strconv.Itoa(len(t.known())), r.Name, r.ArtifactLocation)
	for t.sharesID(e) { // with one that a run was made for
		e.ID = "1" + e.ID
	}
	return map[string]string{"experiment_id": e.ID}, t.put(&e.Tags, r.Tags...)
}

func (t *Tracking) sharesID(e *experiment) bool {
	return slices.ContainsFunc(t.experiments, func(o *experiment) bool { return o != e && o.ID == e.ID })
}

func (t *Tracking) getExperiment(r *request, _ string) (any, *problem) {
	e, bad := t.experimentByID(r.ExperimentID)
	return map[string]any{"experiment": e}, bad
}

func (t *Tracking) getExperimentByName(r *request, _ string) (any, *problem) {
	if e := t.experimentByName(r.ExperimentName); e != nil {
		return map[string]any{"experiment": e}, nil
	}
	return nil, missing("Could not find experiment with name '%s'", clip(r.ExperimentName))
}

func (t *Tracking) searchExperiments(r *request, _ string) (any, *problem) {
	f, bad := parseFilter(r.Filter)
	if bad != nil {
		return nil, bad
	}
	found := []*experiment{}
	for _, e := range t.known() {
		look := func(kind, key string) (any, bool) {
			switch {
			case kind == "tags":
				return lookUp(e.Tags, key)
			case key == "name":
				return e.Name, true
			}
			return nil, false
		}
		if inView(e.Stage, r.ViewType) && f.holds(look) {
			found = append(found, e)
		}
	}
	slices.Reverse(found) // the newest first
	return map[string]any{"experiments": found}, nil
}

func (t *Tracking) updateExperiment(r *request, _ string) (any, *problem) {
	e, bad := t.experimentByID(r.ExperimentID)
	switch {
	case bad != nil:
		return nil, bad
	case r.NewName != "" && !t.keep(len(r.NewName)):
		return nil, full()
	case r.NewName != "":
		e.Name = r.NewName
	}
	return nothing{}, nil
}

func (t *Tracking) deleteExperiment(r *request, _ string) (any, *problem) {
	e, bad := t.experimentByID(r.ExperimentID)
	if bad == nil {
		e.Stage = deleted
	}
	return nothing{}, bad
}

func (t *Tracking) restoreExperiment(r *request, _ string) (any, *problem) {
	e, bad := t.experimentByID(r.ExperimentID)
	if bad == nil {
		e.Stage = active
	}
	return nothing{}, bad
}

func (t *Tracking) tagExperiment(r *request, _ string) (any, *problem) {
	e, bad := t.experimentByID(r.ExperimentID)
	if bad != nil {
		return nil, bad
	}
	return nothing{}, t.put(&e.Tags, pair{r.Key, textOf(r.Value)})
}
