package bench

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// ReadTrials reads a CSV with the header id,cpus,mem, which disk and then gpus may follow.
func ReadTrials(r io.Reader) ([]Trial, error) {
	var list []Trial
	err := readRows(r, []string{"id"}, func(text []string, a amounts) {
		list = append(list, Trial{ID: text[0], CPUs: a[0], Mem: a[1], Disk: a[2], GPUs: a[3]})
	})
	return list, err
}

// ReadMachines reads a CSV with the header id,host,cpus,mem, which disk and then gpus may follow.
func ReadMachines(r io.Reader) ([]Machine, error) {
	var list []Machine
	err := readRows(r, []string{"id", "host"}, func(text []string, a amounts) {
		list = append(list, Machine{ID: text[0], Host: text[1], CPUs: a[0], Mem: a[1], Disk: a[2], GPUs: a[3]})
	})
	return list, err
}

// WriteMachines writes the CSV that ReadMachines reads.
func WriteMachines(w io.Writer, list []Machine) error {
	rows := [][]string{{"id", "host"}}
	vectors := make([]amounts, len(list))
	for i := range list {
		rows, vectors[i] = append(rows, []string{list[i].ID, list[i].Host}), list[i].amounts()
	}
	return writeRows(w, rows, vectors)
}

// amountNames is the columns of amounts; those from minAmounts on may be missing.
var amountNames = [dimensions]string{"cpus", "mem", "disk", "gpus"}

const minAmounts = 2

// writeRows writes a header and rows of text, each followed by its amounts. Resources that no row has are left out.
func writeRows(w io.Writer, rows [][]string, vectors []amounts) error {
	wide := minAmounts
	for i := range vectors {
		for k, m := range vectors[i] {
			if m != 0 {
				wide = max(wide, k+1)
			}
		}
	}
	rows[0] = append(rows[0], amountNames[:wide]...)
	for i := range vectors {
		for _, m := range vectors[i][:wide] {
			rows[i+1] = append(rows[i+1], decimal(m))
		}
	}
	if err := csv.NewWriter(w).WriteAll(rows); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func decimal(m resource.Milli) string { return strconv.FormatFloat(float64(m)/1000, 'f', -1, 64) }

// readRows reads a CSV whose first columns are text and whose others are amounts.
func readRows(r io.Reader, text []string, row func(text []string, a amounts)) error {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header := append(append([]string(nil), text...), amountNames[:]...)
	least := len(text) + minAmounts
	first, err := in.Read()
	if err != nil {
		return fmt.Errorf("read CSV header (want %v): %w", header[:least], err)
	}
	for i, name := range header[:max(least, min(len(first), len(header)))] {
		if i >= len(first) || first[i] != name {
			return fmt.Errorf("read CSV: column %d is %q, want %q: the header is %v", i+1, at(first, i), name,
				header[:least])
		}
	}
	if len(first) > len(header) {
		return fmt.Errorf("read CSV: column %d is %q, want no more than %v", len(header)+1, first[len(header)], header)
	}
	for {
		rec, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read CSV: %w", err)
		}
		var a amounts
		for k, field := range rec[len(text):] {
			if a[k], err = milli(field); err != nil {
				line, _ := in.FieldPos(0)
				return fmt.Errorf("read CSV line %d: %s %w", line, amountNames[k], err)
			}
		}
		row(rec[:len(text)], a)
	}
}

// at is a field of a record, empty when the record ends before.
func at(rec []string, i int) string {
	if i < len(rec) {
		return rec[i]
	}
	return ""
}

// milli reads a decimal amount, at most three places count.
func milli(s string) (resource.Milli, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1e12 || f != f {
		return 0, fmt.Errorf("%q: want a number from 0 to 1e12", s)
	}
	return resource.Milli(math.Round(f * 1000)), nil
}
