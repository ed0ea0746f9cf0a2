package mlflow

// experiment is one of MLflow's.
type experiment struct {
	ID       string `json:"experiment_id"`
	Name     string `json:"name"`
	Location string `json:"artifact_location"`
	Stage    string `json:"lifecycle_stage"`
	Updated  int64  `json:"last_update_time"`
	Created  int64  `json:"creation_time"`
	Tags     []pair `json:"tags,omitempty"`

	own bool // its artifacts go where kaon says
}

// Stages of experiments, runs and models.
const (
	active  = "active"
	deleted = "deleted"
)

// inView tells whether what is in a stage is among what is asked for.
func inView(stage, view string) bool {
	switch view {
	case "ALL":
		return true
	case "DELETED_ONLY":
		return stage == deleted
	}
	return stage == active
}
