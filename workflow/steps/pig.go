package steps

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// pig runs a script of Apache Pig.
type pig struct{}

func (pig) About() Description {
	return Description{Name: "pig", Text: "Runs a script of Apache Pig.", Keys: []Key{
		{Name: "file", Kind: "text", Text: "the script, where the step runs; or `script`"},
		{Name: "script", Kind: "text", Text: "the script itself"},
		{Name: "parameters", Kind: "mapping", Text: "what stands for $name in it: words without quotes, $, \\ and `"},
		{Name: "exec_type", Kind: "text", Text: "local, mapreduce, tez, spark; Pig's own when left out"},
		{Name: "properties", Kind: "mapping", Text: "of Pig and Hadoop"},
		{Name: "pig", Kind: "text", Text: "the program; pig when left out"},
		{Name: "image", Kind: "text", Text: "a container image to run it in"},
	}}
}

func (pig) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	if (keys.Get("file") == nil) == (keys.Get("script") == nil) {
		fail(keys, "", "a step of type pig has `file` or `script`, and not both", "keep one of them")
	}
	if t := keys.Get("script"); t != nil && template(strings.ReplaceAll(t.Text, "$${", "")) {
		fail(t, "script", "a value in ${…} would become part of the script",
			"write $name, and parameters: {name: ${…}}")
	}
}

func (pig) Run(ctx context.Context, c *Call) (Result, error) {
	texts, err := c.allTexts("file", "script", "exec_type", "pig", "image")
	if err != nil {
		return Result{}, err
	}
	values, err := c.mapping("parameters")
	if err != nil {
		return Result{}, err
	}
	properties, err := c.mapping("properties")
	if err != nil {
		return Result{}, err
	}
	t := tool{
		Words: []string{or(texts["pig"], "pig")}, Progress: []string{`(\d+)% complete`},
		Error:  `ERROR \d+:|^Exception in thread`,
		Remedy: "install Apache Pig, or name its program by `pig`",
	}
	if texts["exec_type"] != "" {
		t.Words = append(t.Words, "-x", texts["exec_type"])
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		t.Words = append(t.Words, fmt.Sprintf("-D%s=%v", name, properties[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text := textOf(values[name])
		// Pig puts them into the script's text, and runs what stands in `…` by a shell.
		if at := strings.IndexAny(text, "'\"`$\\;\n\r\x00"); at >= 0 {
			return Result{}, wrong("parameters.%s: %q has %q, which Pig would read as part of the script",
				name, text, text[at])
		}
		t.Words = append(t.Words, "-param", name+"="+text)
	}
	if texts["script"] != "" {
		t.Files = map[string]string{"script.pig": texts["script"]}
		t.Words = append(t.Words, "-f", "{script.pig}")
	} else {
		if err := needed("file", texts["file"]); err != nil {
			return Result{}, err
		}
		t.Words = append(t.Words, "-f", texts["file"])
	}
	return c.runTool(ctx, t, texts["image"])
}
