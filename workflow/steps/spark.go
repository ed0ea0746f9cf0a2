package steps

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sparkSubmit runs a Spark application: its driver is the step's task.
type sparkSubmit struct{}

// sparkFlags are the keys that are options of spark-submit, in the order in which they are written.
var sparkFlags = []struct{ key, flag, kind, text string }{
	{"master", "--master", "text", "local[4], mesos://…, spark://… or yarn"},
	{"deploy_mode", "--deploy-mode", "text", "client, or cluster"},
	{"name", "--name", "text", "of the application; the step's id when left out"},
	{"class", "--class", "text", "the main class of a jar"},
	{"driver_memory", "--driver-memory", "text", "as 1g"},
	{"driver_cores", "--driver-cores", "number", "in cluster mode"},
	{"executor_memory", "--executor-memory", "text", "as 2g: spark.executor.memory"},
	{"executor_cores", "--executor-cores", "number", "of one executor"},
	{"total_executor_cores", "--total-executor-cores", "number", "of all together, on Mesos and standalone: spark.cores.max"},
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
	d := Description{Name: "spark-submit", Text: "Runs a Spark application through spark-submit; the driver is a task on the cluster.", Keys: []Key{
		{Name: "application", Kind: "text", Needed: true, Text: "a jar or a Python file"},
		{Name: "arguments", Kind: "list", Text: "of the application"},
		{Name: "conf", Kind: "mapping", Text: "spark.* settings, as spark.mesos.constraints, spark.dynamicAllocation.enabled"},
		{Name: "spark_submit", Kind: "text", Text: "the program; spark-submit when left out"},
		{Name: "image", Kind: "text", Text: "a container image for the driver"},
	}}
	for _, f := range sparkFlags {
		d.Keys = append(d.Keys, Key{Name: f.key, Kind: f.kind, Text: f.text})
	}
	return d
}

func (sparkSubmit) Run(ctx context.Context, c *Call) (Result, error) {
	words, err := c.sparkWords()
	if err != nil {
		return Result{}, err
	}
	image, err := c.text("image")
	if err != nil {
		return Result{}, err
	}
	for i := range words {
		words[i] = escaped(words[i])
	}
	return c.run(ctx, spec{words: words, image: image})
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
	arguments, err := c.texts("arguments")
	return append(append(words, application), arguments...), err
}
