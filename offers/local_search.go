package offers

import "github.com/kaon-sweep/kaon/sweep/resource"

// Exchanges in one bin go on while this share of what is scarce there is left and each wins this share, up to
// a number of them. The first that wins most of what is left is taken.
const (
	worthSearching = 0.0005
	worthExchange  = 0.0002
	maxExchanges   = 6
	mostOfRest     = 0.8
)

// exchange is one task of a shape placed in the bin given up for one of another.
type exchange struct {
	step int32 // of pass.placed
	in   int32 // shape
	gain float64
}

// improve exchanges tasks of the fill, placed since the mark before, for waiting ones of the same group that
// use more of what is scarce: the last task of a fill is seldom just as large as the room that is left, but
// some task can grow by it. It says whether another shape may fit now.
func (f *filler) improve(b *binState, before int) bool {
	if before == len(f.p.placed) {
		return false
	}
	f.full = append(f.full[:0], b.free...)
	for range maxExchanges {
		rest := f.unused(b.free)
		if rest < worthSearching {
			break
		}
		x := f.bestExchange(b, before, rest)
		if x.gain < worthExchange {
			break
		}
		out := f.p.placed[x.step].shape
		if f.exchange(b, x); f.p.room(b, out, 1, f.strict) > 0 {
			return true // it fits beside the one that took its place
		}
	}
	for k, free := range b.free {
		if free > f.full[k] {
			return true
		}
	}
	return false
}

// worth is what amounts are worth at the prices of the bin: 1 is all of a scarce resource that it had.
func (f *filler) worth(amounts []resource.Milli) float64 {
	sum := 0.0
	for k, m := range amounts {
		sum += float64(m) * f.price[k]
	}
	return sum
}

// unused is what is worth of the room left, but for what may stay free.
func (f *filler) unused(room []resource.Milli) float64 {
	sum := 0.0
	for k, free := range room {
		sum += max(0, float64(free)-f.reserve[k]) * f.price[k]
	}
	return sum
}

// bestExchange is the exchange that wins most, or the first that wins nearly all that is left.
func (f *filler) bestExchange(b *binState, before int, rest float64) exchange {
	var best exchange
	placed := f.p.placed[before:]
	for i := range placed {
		if placed[i].count > 0 && (i == 0 || placed[i].shape != placed[i-1].shape) {
			f.tryExchange(b, int32(before+i), rest, &best)
			if best.gain > mostOfRest*rest {
				break
			}
		}
	}
	return best
}

// tryExchange looks for the waiting shape that is worth most in place of a task. As no exchange wins more of
// a resource than is free, only columns near the task's own can be better than it.
func (f *filler) tryExchange(b *binState, step int32, rest float64, best *exchange) {
	out := f.p.placed[step].shape
	need := f.p.needs(out)
	f.room = append(f.room[:0], b.free...)
	for k, n := range need {
		f.room[k] += n
	}
	worth := f.worth(need)
	low := resource.Milli(0)
	if f.price[cpus] > 0 {
		low = need[cpus] - resource.Milli((rest-best.gain)/f.price[cpus])
	}
	group, executor := f.p.shapes[out].group, f.p.demands[f.p.shapes[out].demand].Executor
	for i := range f.classes {
		d := &f.classes[i]
		if d.group != group {
			continue
		}
		for j := d.column(low); j < len(d.cols) && d.cols[j].least <= f.room[cpus]; j++ {
			h := head{class: int32(i), col: int32(j), item: int32(len(d.cols[j].items)) - 1}
			if !f.advance(f.room, &h) || h.shape == out {
				continue
			}
			gain := f.worth(f.p.needs(h.shape)) - worth
			if gain > best.gain && f.p.demands[f.p.shapes[h.shape].demand].Executor == executor {
				*best = exchange{step, h.shape, gain}
			}
		}
	}
}

// column is the first column that holds amounts of low and up.
func (d *itemClass) column(low resource.Milli) int {
	j := 0
	for j < len(d.cols) && d.cols[j].most < low {
		j++
	}
	return j
}

// exchange gives one task of a placement up for one of another shape of the same group and executor, so what
// rules count and executors cost stays as it is.
func (f *filler) exchange(b *binState, x exchange) {
	p := f.p
	pl := &p.placed[x.step]
	out := pl.shape
	for k, n := range p.needs(out) {
		b.free[k] += n
	}
	for k, n := range p.needs(x.in) {
		b.free[k] -= n
	}
	if p.shapes[out].waiting++; p.shapes[out].waiting == 1 {
		f.left++
	}
	if p.shapes[x.in].waiting--; p.shapes[x.in].waiting == 0 {
		f.left--
	}
	f.balance.add(out, 1)
	f.balance.add(x.in, -1)
	f.placedIn[x.in-f.from] = f.visit
	if pl.count == 1 {
		pl.shape = x.in
		return
	}
	pl.count--
	own := p.demands[p.shapes[out].demand].Executor == ""
	p.record(b, placement{shape: x.in, count: 1, next: -1, startsExecutor: own})
}
