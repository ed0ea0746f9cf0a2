package steps

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// scala runs a Scala program: a class of a class path, or a script.
type scala struct{ inTrial }

func (scala) About() Description {
	return Description{Name: "scala", Text: "Runs a Scala program: a class of a class path, or a script.", Keys: []Key{
		{Name: "class", Kind: "text", Text: "the class or object with main; or `file`"},
		{Name: "file", Kind: "text", Text: "a script"},
		{Name: "class_path", Kind: "list", Text: "jars and folders"},
		{Name: "arguments", Kind: "list", Text: "of the program"},
		{Name: "properties", Kind: "mapping", Text: "of the Java machine: -Dname=value"},
		{Name: "java_options", Kind: "list", Text: "as -Xmx2g"},
		{Name: "scala", Kind: "text", Text: "the program; scala when left out"},
		{Name: "image", Kind: "text", Text: "a container image to run it in"},
	}}
}

func (scala) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	if (keys.Get("class") == nil) == (keys.Get("file") == nil) {
		fail(keys, "", "a step of type scala has `class` or `file`, and not both", "keep one of them")
	}
	if t := keys.Get("java_options"); t != nil {
		for _, item := range t.Items {
			if !template(item.Text) && !strings.HasPrefix(item.Text, "-") {
				fail(item, "java_options", fmt.Sprintf("`%.40s` is no option", item.Text), "write it as -Xmx2g")
			}
		}
	}
}

func (scala) Run(ctx context.Context, c *Call) (Result, error) {
	words, image, err := c.scalaWords()
	if err != nil {
		return Result{}, err
	}
	for i := range words {
		words[i] = escaped(words[i])
	}
	return c.run(ctx, spec{words: words, image: image})
}

// scalaWords is the command line. Options of the Java machine are handed through by -J and -D, which every runner of
// Scala knows.
func (c *Call) scalaWords() (words []string, image string, err error) {
	texts, err := c.allTexts("class", "file", "scala", "image")
	if err != nil {
		return nil, "", err
	}
	lists := map[string][]string{}
	for _, key := range []string{"class_path", "arguments", "java_options"} {
		if lists[key], err = c.texts(key); err != nil {
			return nil, "", err
		}
	}
	properties, err := c.mapping("properties")
	if err != nil {
		return nil, "", err
	}
	words = []string{or(texts["scala"], "scala")}
	for _, option := range lists["java_options"] {
		if !strings.HasPrefix(option, "-") {
			return nil, "", wrong("java_options: %q is no option", option)
		}
		words = append(words, "-J"+option)
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		words = append(words, fmt.Sprintf("-D%s=%v", name, properties[name]))
	}
	if len(lists["class_path"]) > 0 {
		words = append(words, "-cp", strings.Join(lists["class_path"], ":"))
	}
	program := or(texts["class"], texts["file"])
	if err := needed("class", program); err != nil {
		return nil, "", err
	}
	if strings.HasPrefix(program, "-") {
		return nil, "", wrong("class: %q would be read as an option", program)
	}
	return append(append(words, program), lists["arguments"]...), texts["image"], nil
}
