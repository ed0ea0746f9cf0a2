package main

import (
	"math"
	"math/rand/v2"
)

// layer is a fully connected layer: out = weights · in + bias. weights are row-major, outputs × inputs.
type layer struct {
	inputs, outputs int
	weights, bias   []float64
}

// network is softmax regression (one layer) or a perceptron with one hidden layer of rectified units.
type network struct{ layers []layer }

// newNetwork draws weights from He's normal distribution, N(0, 2/inputs) (He et al. 2015). hidden 0 means none.
func newNetwork(hidden int, rng *rand.Rand) *network {
	sizes := []int{pixels, classes}
	if hidden > 0 {
		sizes = []int{pixels, hidden, classes}
	}
	n := &network{}
	for i := 0; i+1 < len(sizes); i++ {
		l := layer{inputs: sizes[i], outputs: sizes[i+1]}
		l.weights, l.bias = make([]float64, l.inputs*l.outputs), make([]float64, l.outputs)
		for k := range l.weights {
			l.weights[k] = rng.NormFloat64() * math.Sqrt(2/float64(l.inputs))
		}
		n.layers = append(n.layers, l)
	}
	return n
}

// parameters lists every weight and bias slice, in a fixed order.
func (n *network) parameters() [][]float64 {
	var all [][]float64
	for _, l := range n.layers {
		all = append(all, l.weights, l.bias)
	}
	return all
}

// forward fills acts[0..len(layers)] with the activations of each layer and returns the class probabilities.
func (n *network) forward(in []float64, acts [][]float64) []float64 {
	acts[0] = in
	for i, l := range n.layers {
		out := acts[i+1]
		for o := range out {
			sum := l.bias[o]
			for k, w := range l.weights[o*l.inputs : (o+1)*l.inputs] {
				sum += w * acts[i][k]
			}
			out[o] = sum
		}
		if i+1 < len(n.layers) {
			for o := range out {
				out[o] = max(out[o], 0)
			}
		}
	}
	softmax(acts[len(n.layers)])
	return acts[len(n.layers)]
}

// backward adds the gradient of the cross-entropy loss for one image to grads, laid out as parameters().
// acts must come from forward on that image; deltas has one slice per layer.
func (n *network) backward(label int, acts, deltas, grads [][]float64) {
	last := len(n.layers) - 1
	copy(deltas[last], acts[last+1])
	deltas[last][label]-- // derivative of cross-entropy after softmax: p - onehot
	for i := last; i >= 0; i-- {
		l, in := n.layers[i], acts[i]
		if i > 0 {
			clear(deltas[i-1])
		}
		for o, d := range deltas[i] {
			grads[2*i+1][o] += d
			row := o * l.inputs
			for k, x := range in {
				grads[2*i][row+k] += d * x
			}
			if i > 0 {
				for k, x := range in {
					if x > 0 { // derivative of the rectifier
						deltas[i-1][k] += d * l.weights[row+k]
					}
				}
			}
		}
	}
}

// buffers allocates what forward and backward need.
func (n *network) buffers() (acts, deltas, grads [][]float64) {
	acts = append(acts, nil) // acts[0] is the input itself
	for _, l := range n.layers {
		acts = append(acts, make([]float64, l.outputs))
		deltas = append(deltas, make([]float64, l.outputs))
	}
	for _, p := range n.parameters() {
		grads = append(grads, make([]float64, len(p)))
	}
	return acts, deltas, grads
}

// softmax turns scores into probabilities in place, shifted by the maximum so that exp cannot overflow.
func softmax(z []float64) {
	top := math.Inf(-1)
	for _, v := range z {
		top = max(top, v)
	}
	sum := 0.0
	for i, v := range z {
		z[i] = math.Exp(v - top)
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
}
