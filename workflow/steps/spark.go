package steps

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// sparkSubmit runs a Spark application: its driver is the step's task.
type sparkSubmit struct{ inTrial }

// sparkFlags are the keys that are options of spark-submit, in the order in which they are written.
var sparkFlags = []struct{ key, flag, kind, text string }{
	{"master", "--master", "text", "local[4], mesos://…, spark://…, k8s://… or yarn"},
	{"deploy_mode", "--deploy-mode", "text", "client, or cluster"},
	{"name", "--name", "text", "of the application; the step's id when left out"},
	{"class", "--class", "text", "the main class of a jar"},
	{"driver_memory", "--driver-memory", "text", "as 1g"},
	{"driver_cores", "--driver-cores", "number", "in cluster mode"},
	{"executor_memory", "--executor-memory", "text", "as 2g: spark.executor.memory"},
	{"executor_cores", "--executor-cores", "number", "of one executor"},
	{"total_executor_cores", "--total-executor-cores", "number",
		"of all together, on Mesos and standalone: spark.cores.max"},
	{"num_executors", "--num-executors", "number", "on YARN"},
	{"queue", "--queue", "text", "on YARN"},
	{"jars", "--jars", "list", "jars for the class paths"},
	{"packages", "--packages", "list", "Maven coordinates"},
	{"repositories", "--repositories", "list", "where packages are searched, too"},
	{"py_files", "--py-files", "list", "Python files for the application"},
	{"files", "--files", "list", "files for every executor"},
	{"archives", "--archives", "list", "archives for every executor"},
}

func (sparkSubmit) About() Description {
	d := Description{Name: "spark-submit", Text: "Runs a Spark application through spark-submit; the driver is " +
		"a task on the cluster.", Keys: []Key{
		{Name: "application", Kind: "text", Needed: true, Text: "a jar or a Python file"},
		{Name: "arguments", Kind: "list", Text: "of the application"},
		{Name: "conf", Kind: "mapping", Text: "spark.* settings, as spark.mesos.constraints, " +
			"spark.dynamicAllocation.enabled"},
		{Name: "spark_submit", Kind: "text", Text: "the program; spark-submit when left out"},
		{Name: "image", Kind: "text", Text: "a container image for the driver"},
	}}
	for _, f := range sparkFlags {
		d.Keys = append(d.Keys, Key{Name: f.key, Kind: f.kind, Text: f.text})
	}
	return d
}

// Check refuses what is known to be wrong before a run begins.
func (sparkSubmit) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	if mode := keys.Get("deploy_mode"); mode != nil && !template(mode.Text) && mode.Text != "client" &&
		mode.Text != "cluster" {
		fail(mode, "deploy_mode", fmt.Sprintf("`%.40s` is no mode", mode.Text), "write client, or cluster")
	}
	conf := keys.Get("conf")
	if conf == nil || conf.Null || template(conf.Text) {
		return
	}
	if !conf.Mapping {
		fail(conf, "conf", "a mapping is needed: settings and values", "write conf: {spark.cores.max: 8}")
		return
	}
	for _, p := range conf.Pairs {
		if !strings.HasPrefix(p.Key.Text, "spark.") {
			fail(p.Key, "conf."+p.Key.Text, "settings of Spark begin with spark.",
				"write it whole, as spark.executor.memory: 2g")
		}
	}
}

//go:embed spark_driver.py
var sparkDriver string

// sparkShell starts the driver program where there is a Python; elsewhere Spark runs all the same, and only its
// progress is not told.
const sparkShell = `if command -v python3 >/dev/null 2>&1; then exec python3 -c "$@"; fi
shift 2
echo "no python3 here: progress is not told" >&2
exec "$@"`

func (sparkSubmit) Run(ctx context.Context, c *Call) (Result, error) {
	words, err := c.sparkWords()
	if err != nil {
		return Result{}, err
	}
	image, err := c.text("image")
	if err != nil {
		return Result{}, err
	}
	settings, err := c.sparkSettings()
	if err != nil {
		return Result{}, err
	}
	words = append([]string{"sh", "-c", sparkShell, "spark", sparkDriver, settings}, words...)
	for i := range words {
		words[i] = escaped(words[i])
	}
	c.Resources = withPort(c.Resources)
	return c.run(ctx, spec{words: words, image: image})
}

// withPort has a task be given one port more than nothing: for the driver's UI, whose REST API tells how far it is.
func withPort(resources *sweep.Tree) *sweep.Tree {
	if resources.Get("ports") != nil {
		return resources
	}
	out := &sweep.Tree{Mapping: true}
	if resources != nil {
		out.Pairs = slices.Clone(resources.Pairs)
	}
	out.Pairs = append(out.Pairs, sweep.TreePair{Key: TreeOf("ports"), Value: TreeOf(1)})
	return out
}

// sparkSettings is what the driver program is told.
func (c *Call) sparkSettings() (string, error) {
	s := struct {
		Step    string `json:"step"`
		UI      bool   `json:"ui"`
		Port    int    `json:"port,omitempty"` // 0: that of the task
		Cluster bool   `json:"cluster"`
		Master  string `json:"master"`
	}{Step: c.ID, UI: true}
	conf, err := c.mapping("conf")
	if err != nil {
		return "", err
	}
	mode, err := c.text("deploy_mode")
	if err != nil {
		return "", err
	}
	if s.Master, err = c.text("master"); err != nil {
		return "", err
	}
	if s.Cluster = mode == "cluster" || conf["spark.submit.deployMode"] == "cluster"; s.Cluster && s.Master == "" {
		return "", wrong("master: it is needed with deploy_mode: cluster, to end the application by")
	}
	s.UI = fmt.Sprint(conf["spark.ui.enabled"]) != "false" && !s.Cluster
	if port := conf["spark.ui.port"]; port != nil {
		if s.Port, err = strconv.Atoi(fmt.Sprint(port)); err != nil || s.Port < 1 || s.Port > 65535 {
			return "", wrong("conf.spark.ui.port: %v is no port from 1 to 65535; leave it out, and the step is "+
				"given one", port)
		}
	}
	data, err := json.Marshal(s)
	return string(data), err
}

// sparkWords is the command line of spark-submit.
func (c *Call) sparkWords() ([]string, error) {
	application, err := c.text("application")
	if err == nil {
		err = needed("application", application)
	}
	if err != nil {
		return nil, err
	}
	program, err := c.text("spark_submit")
	if err != nil {
		return nil, err
	}
	words := []string{or(program, "spark-submit")}
	for _, f := range sparkFlags {
		values, err := c.texts(f.key)
		if err != nil {
			return nil, err
		}
		switch value := strings.Join(values, ","); {
		case value != "":
			words = append(words, f.flag, value)
		case f.key == "name":
			words = append(words, f.flag, c.ID)
		}
	}
	conf, err := c.mapping("conf")
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(conf)) {
		if !strings.HasPrefix(name, "spark.") {
			return nil, wrong("conf.%s: settings of Spark begin with spark.", name)
		}
		words = append(words, "--conf", fmt.Sprintf("%s=%v", name, conf[name]))
	}
	if mode, _ := c.text("deploy_mode"); mode == "cluster" && conf[waitForApplication] == nil {
		words = append(words, "--conf", waitForApplication+"=true")
	}
	if strings.HasPrefix(application, "-") {
		return nil, wrong("application: %q would be read as an option; write ./%s", application, application)
	}
	arguments, err := c.texts("arguments")
	return append(append(words, application), arguments...), err
}

// waitForApplication has spark-submit stay until the application has ended that runs elsewhere.
const waitForApplication = "spark.standalone.submit.waitAppCompletion"
