package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
)

//go:embed digits.csv.gz
var digitsCSV []byte

const (
	pixels  = 64 // 8×8, row by row
	classes = 10
	darkest = 16 // largest pixel value in the file
)

// image is one digit; pixels are scaled to [0, 1].
type image struct {
	pixels [pixels]float64
	label  int
}

// split is the data in its three parts. The parts are the same in every run.
type split struct{ train, validate, test []image }

// load reads the embedded images and splits them 60/20/20 by a fixed shuffle.
func load() (split, error) {
	images, err := read(bytes.NewReader(digitsCSV))
	if err != nil {
		return split{}, fmt.Errorf("read digits.csv.gz: %w", err)
	}
	rng := rand.New(rand.NewPCG(1797, 64)) // fixed: every trial must be judged on the same images
	rng.Shuffle(len(images), func(i, j int) { images[i], images[j] = images[j], images[i] })
	a, b := len(images)*60/100, len(images)*80/100
	return split{train: images[:a], validate: images[a:b], test: images[b:]}, nil
}

func read(r io.Reader) ([]image, error) {
	zr, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	lines := csv.NewReader(zr)
	lines.FieldsPerRecord = pixels + 1
	var images []image
	for {
		fields, err := lines.Read()
		if err == io.EOF {
			return images, nil
		}
		if err != nil {
			return nil, err
		}
		var img image
		for i := range img.pixels {
			v, err := strconv.Atoi(fields[i])
			if err != nil {
				return nil, err
			}
			img.pixels[i] = float64(v) / darkest
		}
		if img.label, err = strconv.Atoi(fields[pixels]); err != nil {
			return nil, err
		}
		images = append(images, img)
	}
}
