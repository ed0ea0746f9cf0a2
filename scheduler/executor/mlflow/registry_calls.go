package mlflow

import (
	"strconv"
)

func (t *Tracking) registeredOf(name string) (*registeredModel, *problem) {
	for _, m := range t.registered {
		if m.Name == name {
			return m, nil
		}
	}
	return nil, missing("Registered Model with name=%s not found", clip(name))
}

func (t *Tracking) createRegistered(r *request, _ string) (any, *problem) {
	if _, bad := t.registeredOf(r.Name); bad == nil {
		return nil, exists("Registered Model (name=%s) already exists.", clip(r.Name))
	}
	if r.Name == "" {
		return nil, invalid("name: a registered model needs one")
	}
	if !t.keep(len(r.Name) + len(r.Description) + 2*place) {
		return nil, full()
	}
	m := &registeredModel{Name: r.Name, Created: t.now(), Updated: t.now(), Description: r.Description}
	t.registered = append(t.registered, m)
	return map[string]any{"registered_model": m}, t.put(&m.Tags, r.Tags...)
}

func (t *Tracking) getRegistered(r *request, _ string) (any, *problem) {
	m, bad := t.registeredOf(r.Name)
	return map[string]any{"registered_model": m}, bad
}

func (t *Tracking) searchRegistered(r *request, _ string) (any, *problem) {
	f, bad := parseFilter(r.Filter)
	if bad != nil {
		return nil, bad
	}
	found := []*registeredModel{}
	for _, m := range t.registered {
		if f.holds(func(kind, key string) (any, bool) {
			if kind == "tags" {
				return lookUp(m.Tags, key)
			}
			return m.Name, key == "name"
		}) {
			found = append(found, m)
		}
	}
	return map[string]any{"registered_models": found}, nil
}

func (t *Tracking) tagRegistered(r *request, _ string) (any, *problem) {
	m, bad := t.registeredOf(r.Name)
	if bad != nil {
		return nil, bad
	}
	return nothing{}, t.put(&m.Tags, pair{r.Key, textOf(r.Value)})
}

func (t *Tracking) setAlias(r *request, _ string) (any, *problem) {
	m, bad := t.registeredOf(r.Name)
	if bad != nil {
		return nil, bad
	}
	v, bad := m.version(string(r.Version))
	if bad != nil {
		return nil, bad
	}
	for i := range m.Aliases {
		if m.Aliases[i].Alias == r.Alias {
			m.Aliases[i].Version = v.Version
			return nothing{}, nil
		}
	}
	if !t.keep(len(r.Alias)) {
		return nil, full()
	}
	m.Aliases = append(m.Aliases, alias{r.Alias, v.Version})
	return nothing{}, nil
}

func (t *Tracking) getAlias(r *request, _ string) (any, *problem) {
	m, bad := t.registeredOf(r.Name)
	if bad != nil {
		return nil, bad
	}
	for _, a := range m.Aliases {
		if a.Alias == r.Alias {
			v, bad := m.version(a.Version)
			return map[string]any{"model_version": v}, bad
		}
	}
	return nil, missing("Registered model alias %s not found.", clip(r.Alias))
}

func (t *Tracking) versionOf(r *request) (*version, *problem) {
	m, bad := t.registeredOf(r.Name)
	if bad != nil {
		return nil, bad
	}
	return m.version(string(r.Version))
}

func (t *Tracking) createVersion(r *request, _ string) (any, *problem) {
	m, bad := t.registeredOf(r.Name)
	if bad != nil {
		return nil, bad
	}
	if !t.keep(len(r.Source) + len(r.RunID) + len(r.Description) + 4*place) {
		return nil, full()
	}
	v := &version{Name: m.Name, Version: strconv.Itoa(len(m.Versions) + 1), Created: t.now(), Updated: t.now(),
		Stage:       "None",
		Description: r.Description, Source: r.Source, Run: r.RunID, Status: "READY"}
	m.Versions = append(m.Versions, v)
	return map[string]any{"model_version": v}, t.put(&v.Tags, r.Tags...)
}

func (t *Tracking) getVersion(r *request, _ string) (any, *problem) {
	v, bad := t.versionOf(r)
	return map[string]any{"model_version": v}, bad
}

func (t *Tracking) versionSource(r *request, _ string) (any, *problem) {
	v, bad := t.versionOf(r)
	if bad != nil {
		return nil, bad
	}
	return map[string]any{"artifact_uri": v.Source}, nil
}

func (t *Tracking) moveVersion(r *request, _ string) (any, *problem) {
	v, bad := t.versionOf(r)
	switch {
	case bad != nil:
		return nil, bad
	case !t.keep(len(r.Stage)):
		return nil, full()
	}
	v.Stage, v.Updated = r.Stage, t.now()
	return map[string]any{"model_version": v}, nil
}

func (t *Tracking) tagVersion(r *request, _ string) (any, *problem) {
	v, bad := t.versionOf(r)
	if bad != nil {
		return nil, bad
	}
	return nothing{}, t.put(&v.Tags, pair{r.Key, textOf(r.Value)})
}

func (t *Tracking) updateVersion(r *request, _ string) (any, *problem) {
	v, bad := t.versionOf(r)
	switch {
	case bad != nil:
		return nil, bad
	case !t.keep(len(r.Description)):
		return nil, full()
	}
	v.Description, v.Updated = r.Description, t.now()
	return map[string]any{"model_version": v}, nil
}

func (t *Tracking) searchVersions(r *request, _ string) (any, *problem) {
	f, bad := parseFilter(r.Filter)
	if bad != nil {
		return nil, bad
	}
	found := []*version{}
	for _, m := range t.registered {
		for _, v := range m.Versions {
			if f.holds(func(kind, key string) (any, bool) {
				if kind == "tags" {
					return lookUp(v.Tags, key)
				}
				return lookUp([]pair{{"name", v.Name}, {"run_id", v.Run}, {"source_path", v.Source},
					{"version_number", v.Version}}, key)
			}) {
				found = append(found, v)
			}
		}
	}
	return map[string]any{"model_versions": found}, nil
}
