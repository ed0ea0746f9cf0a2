package search_test

import (
	"encoding/json"
	"fmt"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

func ExampleNew() {
	spec, err := sweep.Parse("sweep.yaml", []byte(`
method: grid
program: train.py
parameters:
  optimizer: {values: [sgd, adam]}
  batch: {values: [32, 64]}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	method, err := search.New(spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range spec.Trials {
		point, _ := method.Ask(i)
		text, _ := json.Marshal(point)
		fmt.Println(i, string(text))
	}
	// Output:
	// 0 {"optimizer":"sgd","batch":32}
	// 1 {"optimizer":"sgd","batch":64}
	// 2 {"optimizer":"adam","batch":32}
	// 3 {"optimizer":"adam","batch":64}
}
