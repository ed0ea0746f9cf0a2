package bench

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/kaon-sweep/kaon/sweep"
)

//go:embed digits.table.zst
var digitsPacked []byte

// digits is the table: for each entry, how many validation images a network got wrong after each epoch.
var digits = sync.OnceValue(func() [][DigitsEpochs]uint16 {
	z, err := zstd.NewReader(bytes.NewReader(digitsPacked))
	if err != nil {
		panic(err) // the file is part of the program
	}
	defer z.Close()
	table := make([][DigitsEpochs]uint16, DigitsConfigurations())
	if err := binary.Read(z, binary.LittleEndian, table); err != nil {
		panic(fmt.Errorf("read digits.table.zst: %w", err))
	}
	if n, _ := io.Copy(io.Discard, z); n > 0 {
		panic("digits.table.zst is too long")
	}
	return table
})

// digitsErrors is the share of validation images that a configuration of examples/digits gets wrong after each epoch.
func digitsErrors(p sweep.Point) []float64 {
	entry := 0
	for _, a := range DigitsAxes() {
		v, _ := p.Lookup(a.Name)
		at := slices.IndexFunc(a.Values, func(s string) bool { return sameValue(s, v) })
		if at < 0 {
			panic(fmt.Sprintf("the digits table has no %s of %v", a.Name, v))
		}
		entry = entry*len(a.Values) + at
	}
	curve := make([]float64, DigitsEpochs)
	for i, wrong := range digits()[entry] {
		curve[i] = float64(wrong) / DigitsSeeds / DigitsValidation
	}
	return curve
}

// sameValue compares a value of a point with how the table writes it.
func sameValue(text string, v sweep.Value) bool {
	if s, ok := v.(string); ok {
		return s == text
	}
	var a, b float64
	_, err := fmt.Sscan(text, &a)
	_, err2 := fmt.Sscan(fmt.Sprint(v), &b)
	return err == nil && err2 == nil && a == b
}

// digitsFunction is the table as a function of the epochs.
func digitsFunction() Function {
	least := 1.0
	for _, row := range digits() {
		least = min(least, float64(row[DigitsEpochs-1])/DigitsSeeds/DigitsValidation)
	}
	return Function{
		Name: "digits-table", Parameters: digitsParameters(), Least: least,
		value: func(p sweep.Point) float64 { return digitsErrors(p)[DigitsEpochs-1] }, curve: digitsErrors,
	}
}
