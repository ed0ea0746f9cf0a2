package offers

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Sampling fills a bin with a random sample, as it were, of what waits, until room for about sampleRest
// average tasks is left, which is then filled by choice. So what waits keeps its mixture of large and small
// to the end, and there are small tasks for the last room of every bin. A bin with another proportion of
// resources than what waits takes the best aligned of sampleChoices.
const (
	sampleRest    = 3
	sampleChoices = 8
	sampleMisses  = 3    // draws that do not fit, and sampling ends
	leaning       = 0.99 // square of the cosine below which proportions differ
	halfScarce    = 0.5  // resources with less of a share do not end sampling
)

// sampleFrom is how many shapes are sampled. Fewer make patterns, which repeat.
const sampleFrom = 64

// sampler draws waiting tasks evenly from all columns. What was drawn is spread over amounts by the golden
// ratio, so that few draws in a row already look like all that waits.
type sampler struct {
	at      float64
	tasks   int
	ends    []int32        // by item, in order of columns: tasks up to and with it
	guide   []int32        // by equal part of the tasks: the item where it begins
	column  []int32        // by item
	columns []sampleColumn // in the order of items
}

// sampleColumn says where a column lies.
type sampleColumn struct{ class, col, first int32 }

const goldenRatio = 0.6180339887498949

// newSampler counts the tasks that wait; classes must stay in their order.
func (f *filler) newSampler() sampler {
	s := sampler{tasks: f.tasks}
	n := 0
	for i := range f.classes {
		for j := range f.classes[i].cols {
			n += len(f.classes[i].cols[j].items)
		}
	}
	s.ends, s.column, s.guide = make([]int32, 0, n), make([]int32, 0, n), make([]int32, n)
	tasks := 0
	for i := range f.classes {
		for j := range f.classes[i].cols {
			s.columns = append(s.columns, sampleColumn{int32(i), int32(j), int32(len(s.ends))})
			for _, c := range f.classes[i].cols[j].items {
				tasks += f.p.shapes[c.shape].waiting
				s.ends = append(s.ends, int32(tasks))
				s.column = append(s.column, int32(len(s.columns)-1))
			}
		}
	}
	at := int32(0)
	for i := range s.guide {
		for int(s.ends[at]) <= i*tasks/n {
			at++
		}
		s.guide[i] = at
	}
	return s
}

// draw is the head of the next item.
func (s *sampler) draw() head {
	s.at += goldenRatio
	if s.at >= 1 {
		s.at--
	}
	task := int32(s.at * float64(s.tasks))
	i := s.guide[int(s.at*float64(len(s.guide)))]
	for s.ends[i] <= task {
		i++
	}
	c := &s.columns[s.column[i]]
	return head{class: c.class, col: c.col, item: i - c.first}
}

// samples says whether bins are filled by sampling: not where shapes compete by how few bins suit them, and
// not for more tasks than the sampler can count.
func (f *filler) samples() bool {
	for i := range f.classes {
		if f.classes[i].weight != f.classes[0].weight {
			return false
		}
	}
	return f.sampling && f.tasks <= math.MaxInt32
}

// sample fills a bin with drawn tasks.
func (f *filler) sample(b *binState) {
	choices := 1
	if f.leans(b) {
		choices = sampleChoices
	}
	for misses := 0; misses < sampleMisses && f.left > 0 && f.p.agents[b.agent].room > 0 && !f.nearlyFull(b); {
		best, top := int32(-1), -1.0
		for range choices {
			h := f.sampler.draw()
			if !f.advance(b.free, &h) || !f.drawable(b, h.shape) {
				continue
			}
			if choices == 1 {
				best = h.shape
			} else if score := f.aligned(b, f.p.needs(h.shape)); score > top {
				best, top = h.shape, score
			}
		}
		if best < 0 {
			misses++
			continue
		}
		f.put(b, best, 1)
	}
}

// nearlyFull says whether a scarce resource is left for a few average tasks only.
func (f *filler) nearlyFull(b *binState) bool {
	for k, free := range b.free {
		if f.balance.share[k] > halfScarce && float64(free)*float64(f.tasks) < sampleRest*f.balance.need[k] {
			return true
		}
	}
	return false
}

// drawable says whether a shape may be placed in the bin without the cost of a start.
func (f *filler) drawable(b *binState, shape int32) bool {
	g := f.p.groupFor(shape)
	if g.overhead != nil && (g.example.Executor == "" || !f.p.warm(b, g.example.Executor)) {
		return false
	}
	return f.p.allowed(g, b, f.strict) > 0
}

// aligned is how near the direction of a shape is to that of the room left: the square of the cosine, scaled.
func (f *filler) aligned(b *binState, needs []resource.Milli) float64 {
	dot, length := 0.0, 0.0
	for k, need := range needs {
		n := float64(need)
		dot += n * max(0, float64(b.free[k])-f.reserve[k]) * f.scale[k]
		length += n * n * f.scale[k]
	}
	if length == 0 {
		return 0
	}
	return dot * dot / length
}

// leans says whether the bin has its resources in another proportion than what waits needs them.
func (f *filler) leans(b *binState) bool {
	dot, need, room := 0.0, 0.0, 0.0
	for k, n := range f.balance.need {
		r := float64(b.free[k]) - f.reserve[k]
		dot += n * r * f.scale[k]
		need += n * n * f.scale[k]
		room += r * r * f.scale[k]
	}
	return dot*dot < leaning*need*room
}
