package workflow_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/kaon-sweep/kaon/workflow"
)

const inPython = `
import json, sys
from kaon.workflow import *
deck = sequence(place("start"), place("getUsers"), place("wrangleData"),
    parallel(
        sequence(place("trainGlobalModel"), place("validateGlobalModel")),
        sequence(place("regionSplit"), for_each(sequence(place("trainRegModel"), place("validateRegModel")), reg="regions"), place("regionJoin")),
    ),
    place("selectModel"), place("validateModel"), place("end"))
json.dump([str(flow) for flow in [
    deck,
    sequence(place("a"), parallel(place("b").if_("x > 1"), sequence(place("c").if_("x < 1"), place("d"))), place("e").at_least(1)),
    parallel(for_each(repeat(place("a"), "steps.a.outputs.ok", 3), x="[1, 2]", y="[3, 4]", zip=True, parallel=2, tolerate=1, ordered=True), place("b")),
    sequence(repeat(for_each(place("a"), x="[1]"), "true", 2), repeat(parallel(place("b"), place("c")), "true", 2), place("d").if_("true")),
]] + [Workflow("w", sequence(place("a"), place("b"), place("c")), links=(("a", "c", "y"),)).graph()], sys.stdout)
`

const triggersInPython = `
import sys
from kaon.workflow import *
print(Workflow("w", step("a", type="command", command="true"), parameters={"day": "x"}, triggers=[
    cron("30 2 * * *", zone="Europe/Berlin", catch_up="all", most=3, parameters={"day": "${trigger.date}"}),
    after("prepare", name="behind"), on_signal("new-data"), on_file("/in/*.csv", existing=True, every="1m"),
    on_sweep("nightly"), on_sweep(label=["a", "b"], state=["failed"]),
]).text())
`

// Python has all kinds of triggers.
func TestPythonBuildsTriggers(t *testing.T) {
	if _, err := exec.LookPath("python3"); errors.Is(err, exec.ErrNotFound) && os.Getenv("KAON_TEST_STRICT") != "1" {
		t.Skip("needs python3")
	}
	cmd := exec.Command("python3", "-B", "-c", triggersInPython)
	cmd.Dir = "../python"
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	w, err := workflow.Read("w.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got := ""
	for _, one := range w.Triggers {
		got += fmt.Sprintf("%s %s %d; ", one.Name, one.Kind, one.Most)
	}
	if want := "cron cron 3; behind after 0; signal signal 0; file file 0; sweep sweep 0; sweep-2 sweep 0; "; got != want {
		t.Errorf("the triggers are %s, not %s", got, want)
	}
}

// The same verbs in Python are the same graphs.
func TestPythonBuildsTheSameGraphs(t *testing.T) {
	if _, err := exec.LookPath("python3"); errors.Is(err, exec.ErrNotFound) && os.Getenv("KAON_TEST_STRICT") != "1" {
		t.Skip("needs python3")
	}
	cmd := exec.Command("python3", "-B", "-c", inPython)
	cmd.Dir = "../python"
	out, err := cmd.Output()
	var texts []string
	if err == nil {
		err = json.Unmarshal(out, &texts)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	place, sequence, parallel := workflow.Place, workflow.Sequence, workflow.Parallel
	want := []workflow.Flow{
		sequence(place("start"), place("getUsers"), place("wrangleData"),
			parallel(
				sequence(place("trainGlobalModel"), place("validateGlobalModel")),
				sequence(place("regionSplit"), workflow.ForEach(sequence(place("trainRegModel"), place("validateRegModel")), workflow.Over("reg", "regions")), place("regionJoin")),
			),
			place("selectModel"), place("validateModel"), place("end")),
		sequence(place("a"), parallel(place("b").If("x > 1"), sequence(place("c").If("x < 1"), place("d"))), place("e").AtLeast(1)),
		parallel(workflow.ForEachZip(workflow.Repeat(place("a"), "steps.a.outputs.ok", 3), workflow.Over("x", "[1, 2]"), workflow.Over("y", "[3, 4]")).Parallel(2).Tolerate(1).Ordered(), place("b")),
		sequence(workflow.Repeat(workflow.ForEach(place("a"), workflow.Over("x", "[1]")), "true", 2), workflow.Repeat(parallel(place("b"), place("c")), "true", 2), place("d").If("true")),
		sequence(place("a"), place("b"), place("c")),
	}
	if len(texts) != len(want) {
		t.Fatalf("%d graphs: %q", len(texts), texts)
	}
	for i, flow := range want {
		var links []workflow.Link
		if i == len(want)-1 {
			links = append(links, workflow.Link{From: "a", To: "c", If: "y"})
		}
		built, err := workflow.Build(flow, links...)
		if err != nil {
			t.Fatal(err)
		}
		read, err := workflow.ParseGraph(texts[i])
		if err != nil {
			t.Errorf("%s: %v", texts[i], err)
		} else if !read.Equal(built) {
			t.Errorf("Python has\n%s, Go\n%s", read, built)
		}
	}
}
