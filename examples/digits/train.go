package main

import (
	"math"
	"math/rand/v2"
)

// settings are the hyperparameters a sweep chooses.
type settings struct {
	optimizer string  // sgd, momentum or adam
	lr        float64 // step size
	l2        float64 // weight decay added to the gradient
	hidden    int     // hidden units; 0 is softmax regression
	batch     int     // images per step
	epochs    int
	seed      uint64 // of weights and of the order of images
}

// score is how well a network does on a set of images: mean cross-entropy in nats, and the share it labels right.
type score struct{ loss, accuracy float64 }

// train fits a network to images and calls report with the epoch (from 1) and the network after each epoch.
func train(images []image, s settings, report func(epoch int, n *network)) *network {
	rng := rand.New(rand.NewPCG(s.seed, 1))
	net := newNetwork(s.hidden, rng)
	step := newOptimizer(s, net.parameters())
	acts, deltas, grads := net.buffers()
	order := rng.Perm(len(images))
	for epoch := 1; epoch <= s.epochs; epoch++ {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for from := 0; from < len(order); from += s.batch {
			batch := order[from:min(from+s.batch, len(order))]
			for _, g := range grads {
				clear(g)
			}
			for _, i := range batch {
				net.forward(images[i].pixels[:], acts)
				net.backward(images[i].label, acts, deltas, grads)
			}
			step(grads, 1/float64(len(batch)))
		}
		report(epoch, net)
	}
	return net
}

// newOptimizer returns a function that moves params against grads×scale: plain gradient descent, with momentum
// 0.9 (Polyak 1964), or Adam with its published constants (Kingma and Ba 2015).
func newOptimizer(s settings, params [][]float64) func(grads [][]float64, scale float64) {
	const beta1, beta2, epsilon = 0.9, 0.999, 1e-8
	first, second := make([][]float64, len(params)), make([][]float64, len(params))
	for i, p := range params {
		first[i], second[i] = make([]float64, len(p)), make([]float64, len(p))
	}
	t := 0.0
	return func(grads [][]float64, scale float64) {
		t++
		c1, c2 := 1-math.Pow(beta1, t), 1-math.Pow(beta2, t)
		for i, p := range params {
			for k := range p {
				g := grads[i][k]*scale + s.l2*p[k]
				switch s.optimizer {
				case "sgd":
					p[k] -= s.lr * g
				case "momentum":
					first[i][k] = beta1*first[i][k] + g
					p[k] -= s.lr * first[i][k]
				case "adam":
					first[i][k] = beta1*first[i][k] + (1-beta1)*g
					second[i][k] = beta2*second[i][k] + (1-beta2)*g*g
					p[k] -= s.lr * (first[i][k] / c1) / (math.Sqrt(second[i][k]/c2) + epsilon)
				}
			}
		}
	}
}

// evaluate scores the network on images.
func evaluate(n *network, images []image) score {
	acts, _, _ := n.buffers()
	var s score
	for _, img := range images {
		p := n.forward(img.pixels[:], acts)
		best := 0
		for c := range p {
			if p[c] > p[best] {
				best = c
			}
		}
		if best == img.label {
			s.accuracy++
		}
		s.loss -= math.Log(math.Max(p[img.label], 1e-300)) // never an infinity for a probability that rounds to 0
	}
	s.loss /= float64(len(images))
	s.accuracy /= float64(len(images))
	return s
}
