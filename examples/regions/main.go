package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "regions:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("say which step: split, train, validate, select or test")
	}
	data, err := load(or(os.Getenv("DIGITS"), filepath.Join("..", "digits", "digits.csv.gz")))
	if err != nil {
		return err
	}
	switch args[0] {
	case "split":
		return put(map[string]any{"train": len(data.train), "validate": len(data.validate), "test": len(data.test)})
	case "train":
		return trainStep(data, args[1:])
	case "validate":
		m, err := given()
		if err != nil {
			return err
		}
		return put(map[string]any{"region": m.Region, "accuracy": m.accuracy(data.validate)})
	case "select":
		return selectStep(data)
	case "test":
		return testStep(data)
	}
	return fmt.Errorf("there is no step %s", args[0])
}

// trainStep trains one model. A trial reports its accuracy; a step of a workflow puts out the model, too.
func trainStep(data split, args []string) error {
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	region := flags.String("region", "all", "the part of the images that the model sees: all, north, "+
		"south, west or east")
	lr := flags.Float64("lr", 0.05, "step size")
	l2 := flags.Float64("l2", 0, "weight decay")
	epochs := flags.Int("epochs", 15, "passes over the images")
	all := flags.Bool("all", false, "train on the images to validate with, too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	images := data.train
	if *all {
		images = append(images[:len(images):len(images)], data.validate...)
	}
	m, err := train(images, *region, *lr, *l2, *epochs, seed())
	if err != nil {
		return err
	}
	accuracy := m.accuracy(data.validate)
	fmt.Printf("%s: accuracy %.4f on %d images\n", *region, accuracy, len(data.validate))
	if err := appendLine(os.Getenv("KAON_METRICS"), map[string]any{"accuracy": accuracy}); err != nil {
		return err
	}
	return put(map[string]any{"region": *region, "accuracy": accuracy, "model": m})
}

// seed is another one in each attempt of each step, and the same when that is begun again.
func seed() uint64 {
	h := fnv.New64a()
	h.Write([]byte(os.Getenv("KAON_SEED")))
	return h.Sum64()
}

// selectStep takes the global model, or all regional ones together when they read more images right.
func selectStep(data split) error {
	var in struct {
		Global  model
		Regions []model
	}
	if err := params(&in); err != nil {
		return err
	}
	chosen, name := []model{in.Global}, "global"
	global, regional := accuracy(chosen, data.validate), accuracy(in.Regions, data.validate)
	if regional > global {
		chosen, name = in.Regions, "regional"
	}
	return put(map[string]any{"chosen": name, "global": global, "regional": regional, "models": chosen})
}

// testStep says how well the chosen models read images that nothing has seen.
func testStep(data split) error {
	var in struct {
		Models []model
		Least  float64
	}
	if err := params(&in); err != nil {
		return err
	}
	got := accuracy(in.Models, data.test)
	return put(map[string]any{"accuracy": got, "images": len(data.test), "ok": got >= in.Least})
}

// given is the model that the step is to look at.
func given() (model, error) {
	var in struct{ Model model }
	return in.Model, params(&in)
}

// params reads what the step was given.
func params(in any) error {
	if err := json.Unmarshal([]byte(os.Getenv("KAON_PARAMS")), in); err != nil {
		return fmt.Errorf("read $KAON_PARAMS: %w", err)
	}
	return nil
}

// put writes what the step puts out; run by hand, it shows it.
func put(out map[string]any) error { return appendLine(os.Getenv("KAON_OUTPUT"), out) }

func appendLine(name string, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if name == "" {
		_, err = os.Stdout.Write(line)
		return err
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
