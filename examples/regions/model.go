package main

import (
	"fmt"
	"math"
	"math/rand/v2"
)

const (
	side    = 8
	pixels  = side * side
	classes = 10
)

// model is softmax regression over the pixels of a region.
type model struct {
	Region  string      `json:"region"`
	Weights [][]float64 `json:"weights"` // by class; the last is the bias
}

// region are the pixels of a part of an image.
func region(name string) (all []int, err error) {
	for i := range pixels {
		row, column := i/side, i%side
		switch {
		case name == "all", name == "north" && row < side/2, name == "south" && row >= side/2,
			name == "west" && column < side/2, name == "east" && column >= side/2:
			all = append(all, i)
		}
	}
	if all == nil {
		return nil, fmt.Errorf("there is no region %q: there are north, south, west, east and all", name)
	}
	return all, nil
}

// scores are the logarithms of what the model thinks likely, by class.
func (m model) scores(img image) []float64 {
	seen, err := region(m.Region)
	if err != nil {
		return make([]float64, classes)
	}
	z := make([]float64, classes)
	most := math.Inf(-1)
	for c, w := range m.Weights {
		z[c] = w[len(seen)]
		for k, i := range seen {
			z[c] += w[k] * img.pixels[i]
		}
		most = max(most, z[c])
	}
	sum := 0.0
	for c := range z {
		sum += math.Exp(z[c] - most)
	}
	for c := range z {
		z[c] -= most + math.Log(sum)
	}
	return z
}

// train learns by gradient descent, an image at a time.
func train(images []image, name string, lr, l2 float64, epochs int, seed uint64) (model, error) {
	seen, err := region(name)
	if err != nil {
		return model{}, err
	}
	m := model{Region: name, Weights: make([][]float64, classes)}
	for c := range m.Weights {
		m.Weights[c] = make([]float64, len(seen)+1)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	for range epochs {
		for _, at := range rng.Perm(len(images)) {
			img := images[at]
			for c, score := range m.scores(img) {
				gradient := math.Exp(score)
				if c == img.label {
					gradient--
				}
				w := m.Weights[c]
				for k, i := range seen {
					w[k] -= lr * (gradient*img.pixels[i] + l2*w[k])
				}
				w[len(seen)] -= lr * gradient
			}
		}
	}
	for _, w := range m.Weights {
		for k := range w { // five digits are enough, and short
			w[k] = math.Round(w[k]*1e4) / 1e4
		}
	}
	return m, nil
}

func (m model) accuracy(images []image) float64 { return accuracy([]model{m}, images) }

// accuracy is the share of images that models read right together: each adds what it thinks likely.
func accuracy(models []model, images []image) float64 {
	right := 0
	for _, img := range images {
		sum := make([]float64, classes)
		for _, m := range models {
			for c, s := range m.scores(img) {
				sum[c] += s
			}
		}
		best := 0
		for c := range sum {
			if sum[c] > sum[best] {
				best = c
			}
		}
		if best == img.label {
			right++
		}
	}
	return float64(right) / float64(len(images))
}
