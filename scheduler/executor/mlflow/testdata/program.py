# What programs do with MLflow, by the names that they do it with.
import os
import mlflow
from mlflow.tracking import MlflowClient

mlflow.set_experiment("an experiment")
with mlflow.start_run(run_name="training", tags={"team": "ours"}) as run:
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({"depth": 3, "kind": "tree"})
    for epoch in range(3):
        mlflow.log_metric("loss", 1 / (epoch + 1), step=epoch)
        mlflow.log_metrics({"val/loss": 2.0, "val/acc": epoch / 4}, step=epoch)
    mlflow.log_metric("score", 0.75)
    mlflow.set_tag("note", "fine")
    mlflow.set_tags({"a": 1, "b": "two"})
    mlflow.log_text("a note", "notes/note.txt")
    mlflow.log_dict({"k": [1, 2]}, "d.json")
    with mlflow.start_run(run_name="fold 1", nested=True) as inner:
        mlflow.log_metric("loss", 0.125, step=1)
    try:
        mlflow.log_param("lr", 0.2)
        raise SystemExit("a parameter was changed")
    except mlflow.exceptions.MlflowException:
        pass

client = MlflowClient()
seen = client.get_run(run.info.run_id)
assert seen.data.params == {"lr": "0.1", "depth": "3", "kind": "tree"}, seen.data.params
assert seen.data.metrics == {"loss": 1 / 3, "val/loss": 2.0, "val/acc": 0.5, "score": 0.75}, seen.data.metrics
assert seen.data.tags["note"] == "fine" and seen.data.tags["team"] == "ours" and seen.info.status == "FINISHED"
assert [m.value for m in client.get_metric_history(run.info.run_id, "loss")] == [1, 1 / 2, 1 / 3]
assert client.get_run(inner.info.run_id).data.tags["mlflow.parentRunId"] == run.info.run_id
assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["d.json", "notes"]
experiment = client.get_experiment_by_name("an experiment")
assert experiment.experiment_id == run.info.experiment_id and client.get_experiment_by_name("none") is None
found = client.search_runs([experiment.experiment_id], "metrics.loss < 0.2 and params.lr != '3'", order_by=["metrics.loss ASC"])
assert found == [], found
found = client.search_runs([experiment.experiment_id], "metrics.`val/loss` > 1", order_by=["metrics.loss ASC"])
assert [r.info.run_id for r in found] == [run.info.run_id], found
with mlflow.start_run(run_id=run.info.run_id):
    mlflow.log_metric("loss", float("nan"), step=9)
client.create_registered_model("the model")
version = client.create_model_version("the model", run.info.artifact_uri, run.info.run_id)
assert version.version == "1" or version.version == 1, version
assert os.environ["MLFLOW_TRACKING_URI"] == mlflow.get_tracking_uri()
