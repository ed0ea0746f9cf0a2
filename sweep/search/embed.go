package search

import (
	"math"
	"math/rand/v2"

	"github.com/kaon-sweep/kaon/sweep/search/gp"
)

// embedding makes vectors for a Gaussian process of coordinates: distances between them are how different
// points are. An ordered axis is a number. The values of an unordered one are as far from each other as the
// ends of a number, every two the same. A parameter that is not always there has one number more, for
// whether it is, and stands in its middle where it is not (after Lévesque et al. 2017), so that among points
// that lack it, it makes no difference. Every axis has a length scale of its own.
type embedding struct {
	axes   []axis
	starts []int // of each axis in the vector
	gaps   bool  // parameters may be absent
	groups gp.Groups
	spots  [][][]float64 // of unordered axes: where each value lies
}

// mostCorners is how many values of an unordered axis lie on axes of their own; more lie in random
// directions, which are nearly as far from each other.
const mostCorners = 24

// mostSpots is how many places there are for the values of an unordered axis; what is more shares them.
const mostSpots = 4096

// gap is how far absence is from the middle of what is there.
const gap = 0.5

func newEmbedding(e *encoder) *embedding {
	m := &embedding{axes: e.axes, gaps: e.condition}
	for k := range m.axes {
		a := &m.axes[k]
		m.starts = append(m.starts, len(m.groups))
		var spots [][]float64
		width := 1
		if a.kind == unordered {
			spots = corners(min(a.levels, mostSpots))
			width = len(spots[0])
		}
		if m.gaps {
			width++
		}
		m.spots = append(m.spots, spots)
		for range width {
			m.groups = append(m.groups, k)
		}
	}
	return m
}

// corners are as many places, every two at a distance of 1.
func corners(count int) [][]float64 {
	out := make([][]float64, count)
	r := rand.New(rand.NewPCG(1, uint64(count)))
	for i := range out {
		out[i] = make([]float64, min(count, mostCorners))
		if count <= mostCorners {
			out[i][i] = math.Sqrt2 / 2
			continue
		}
		for f := range out[i] {
			out[i][f] = r.NormFloat64() / math.Sqrt(2*mostCorners)
		}
	}
	return out
}

// vector is where a point lies. active is as of encoder.decode.
func (m *embedding) vector(u []float64, active []bool) []float64 {
	v := make([]float64, len(m.groups))
	for k := range m.axes {
		at := v[m.starts[k]:]
		there := active == nil || active[k]
		switch {
		case m.spots[k] == nil && there:
			at[0] = u[k]
		case m.spots[k] == nil:
			at[0] = 0.5
		case there:
			at = at[copy(at, m.spots[k][m.axes[k].category(u[k])%len(m.spots[k])]):]
			if m.gaps {
				at[0] = gap
			}
			continue
		default:
			continue
		}
		if m.gaps && there {
			at[1] = gap
		}
	}
	return v
}
