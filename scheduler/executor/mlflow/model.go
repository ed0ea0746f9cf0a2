package mlflow

// model is a logged model of version 3.
type model struct {
	Info modelInfo `json:"info"`
	Data struct {
		Params []pair `json:"params,omitempty"`
	} `json:"data"`
}

// modelInfo is what MLflow tells of a model besides its data.
type modelInfo struct {
	ID         string `json:"model_id"`
	Experiment string `json:"experiment_id"`
	Name       string `json:"name"`
	Created    int64  `json:"creation_timestamp_ms"`
	Updated    int64  `json:"last_updated_timestamp_ms"`
	Artifacts  string `json:"artifact_uri"`
	Status     string `json:"status"`
	Type       string `json:"model_type,omitempty"`
	Run        string `json:"source_run_id,omitempty"`
	Tags       []pair `json:"tags,omitempty"`
}

// modelStates are those of a logged model, by the numbers that protocol buffers give them.
var modelStates = []string{"", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"}
