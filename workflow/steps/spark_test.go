package steps

import (
	"slices"
	"strings"
	"testing"
)

func TestSparkSubmitIsAssembled(t *testing.T) {
	c := &Call{ID: "run-n1-a1", Keys: map[string]any{
		"application": "job.py", "arguments": []any{"--day", int64(3), "a b"}, "master": "mesos://zk://m:2181/mesos", "executor_memory": "2g",
		"total_executor_cores": int64(8), "py_files": []any{"a.py", "b.py"},
		"conf": map[string]any{"spark.mesos.constraints": "rack:r1", "spark.dynamicAllocation.enabled": true, "spark.cores.max": int64(8)},
	}}
	got, err := c.sparkWords()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"spark-submit", "--master", "mesos://zk://m:2181/mesos", "--name", "run-n1-a1", "--executor-memory", "2g", "--total-executor-cores", "8",
		"--py-files", "a.py,b.py", "--conf", "spark.cores.max=8", "--conf", "spark.dynamicAllocation.enabled=true",
		"--conf", "spark.mesos.constraints=rack:r1", "job.py", "--day", "3", "a b",
	}
	if !slices.Equal(got, want) {
		t.Errorf("it is\n%q, want\n%q", got, want)
	}
	c.Keys["conf"] = map[string]any{"executor.memory": "1g"}
	if _, err := c.sparkWords(); err == nil || !strings.Contains(err.Error(), "begin with spark.") {
		t.Errorf("a setting that is none of Spark's: %v", err)
	}
}
