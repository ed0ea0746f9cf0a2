package sweep_test

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/kaon-sweep/kaon/sweep"
)

func ExampleParse() {
	_, err := sweep.Parse("sweep.yaml", []byte(`method: random
program: train.py
parameters:
  lr: {distribution: log_unifrom_values, min: 1e-5, max: 0.1}
`))
	fmt.Println(err)
	// Output:
	// sweep.yaml:4:22: parameters.lr.distribution: `log_unifrom_values` is not known here
	//     4 |   lr: {distribution: log_unifrom_values, min: 1e-5, max: 0.1}
	//       |                      ^
	//       did you mean `log_uniform_values`?
}

func ExampleSpace_At() {
	spec, err := sweep.Parse("sweep.yaml", []byte(`
method: grid
run_cap: 10
program: train.py
parameters:
  a: {min: 1, max: 1000000}
  b: {min: 1, max: 1000000}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	size, _ := spec.Space.Size()
	last := spec.Space.At(new(big.Int).Sub(size, big.NewInt(1)))
	text, _ := json.Marshal(last)
	fmt.Println(size, string(text))
	// Output: 1000000000000 {"a":1000000,"b":1000000}
}

func ExampleCommand_Expand() {
	point := sweep.Point{{Name: "lr", Value: 1e-5},
		{Name: "layers", Value: []sweep.Value{int64(64), int64(32)}}}
	list, _ := sweep.Command{Program: "train.py",
		Argv: []string{"${interpreter}", "${program}", "${args}"}}.Expand(sweep.Vars{Params: point})
	fmt.Printf("%q\n", list.Argv)
	shell, _ := sweep.Command{Shell: "./train --layers ${param.layers} > log"}.Expand(sweep.Vars{Params: point})
	fmt.Println(shell.Shell)
	// Output:
	// ["python" "train.py" "--lr=1e-05" "--layers=[64, 32]"]
	// ./train --layers '[64, 32]' > log
}

func ExampleMetric_Wins() {
	accuracy := sweep.Metric{Name: "accuracy", Goal: sweep.Maximize}
	fmt.Println(accuracy.Wins(7, 0.9, 3, 0.8), accuracy.Wins(7, 0.9, 3, 0.9), accuracy.Wins(3, 0.9, 7, 0.9))
	// Output: true false true
}
