package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
)

// image is one digit: grey values from 0 to 1, line by line, and which digit it is.
type image struct {
	pixels [pixels]float64
	label  int
}

type split struct{ train, validate, test []image }

// load reads the images.
func load(name string) (split, error) {
	f, err := os.Open(name)
	if err != nil {
		return split{}, err
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return split{}, fmt.Errorf("read %s: %w", name, err)
	}
	lines, err := csv.NewReader(unpacked).ReadAll()
	if err != nil {
		return split{}, fmt.Errorf("read %s: %w", name, err)
	}
	var s split
	for n, line := range lines {
		if len(line) != pixels+1 {
			return split{}, fmt.Errorf("%s, line %d: %d numbers, want %d", name, n+1, len(line), pixels+1)
		}
		var img image
		for i, text := range line {
			v, err := strconv.ParseFloat(text, 64)
			switch {
			case err != nil:
				return split{}, fmt.Errorf("%s, line %d: %w", name, n+1, err)
			case i == pixels:
				img.label = int(v)
			default:
				img.pixels[i] = v / 16
			}
		}
		switch n % 5 {
		case 3:
			s.validate = append(s.validate, img)
		case 4:
			s.test = append(s.test, img)
		default:
			s.train = append(s.train, img)
		}
	}
	return s, nil
}
