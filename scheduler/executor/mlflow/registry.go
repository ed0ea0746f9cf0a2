package mlflow

// registeredModel is a name in the registry of models, which is the trial's own and is gone with it: a program that
// registers what it has trained does not fail for it.
type registeredModel struct {
	Name        string     `json:"name"`
	Created     int64      `json:"creation_timestamp"`
	Updated     int64      `json:"last_updated_timestamp"`
	Description string     `json:"description,omitempty"`
	Versions    []*version `json:"latest_versions,omitempty"`
	Tags        []pair     `json:"tags,omitempty"`
	Aliases     []alias    `json:"aliases,omitempty"`
}

// version is one of a registered model's.
type version struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Created     int64  `json:"creation_timestamp"`
	Updated     int64  `json:"last_updated_timestamp"`
	Stage       string `json:"current_stage"`
	Description string `json:"description,omitempty"`
	Source      string `json:"source"`
	Run         string `json:"run_id,omitempty"`
	Status      string `json:"status"`
	Tags        []pair `json:"tags,omitempty"`
}

type alias struct {
	Alias   string `json:"alias"`
	Version string `json:"version"`
}

func (m *registeredModel) version(number string) (*version, *problem) {
	for _, v := range m.Versions {
		if v.Version == number {
			return v, nil
		}
	}
	return nil, missing("Model Version (name=%s, version=%s) not found", clip(m.Name), clip(number))
}
