package bench

import (
	"fmt"
	"strings"
)

// DigitsEpochs is how long each training of the digits table was.
const DigitsEpochs = 30

// DigitsSeeds is how many trainings each entry of the digits table is the sum of: seeds 1 to DigitsSeeds.
const DigitsSeeds = 1

// DigitsValidation is on how many images examples/digits scores a network during training.
const DigitsValidation = 359

// Axis is a parameter of the digits table with the values it takes there, as a command line has them.
type Axis struct {
	Name   string
	Values []string
}

// DigitsAxes are the parameters of the digits table. Its entries are in the order of a grid over them, the last
// axis fastest.
func DigitsAxes() []Axis {
	return []Axis{
		{"optimizer", []string{"sgd", "momentum", "adam"}},
		{"lr", []string{"0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2",
			"0.5", "1.0"}},
		{"l2", []string{"0.000001", "0.0001", "0.01"}},
		{"hidden", []string{"0", "16", "32", "64", "128"}},
		{"batch", []string{"8", "16", "32", "64"}},
	}
}

// DigitsConfigurations is how many entries the digits table has.
func DigitsConfigurations() int {
	n := 1
	for _, a := range DigitsAxes() {
		n *= len(a.Values)
	}
	return n
}

// DigitsFlags are the arguments of examples/digits for an entry of its table, without epochs and seed.
func DigitsFlags(entry int) []string {
	axes := DigitsAxes()
	flags := make([]string, 2*len(axes))
	for i := len(axes) - 1; i >= 0; i-- {
		n := len(axes[i].Values)
		flags[2*i], flags[2*i+1] = "-"+axes[i].Name, axes[i].Values[entry%n]
		entry /= n
	}
	return flags
}

// digitsParameters is the space of the digits table, as a spec has it.
func digitsParameters() string {
	var all []string
	for _, a := range DigitsAxes() {
		all = append(all, fmt.Sprintf("%s: {values: [%s]}", a.Name, strings.Join(a.Values, ", ")))
	}
	return "{" + strings.Join(all, ", ") + "}"
}
