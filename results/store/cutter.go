package store

import (
	"errors"

	"github.com/kaon-sweep/kaon/results"
)

// Object is a batch as the bucket gets it.
type Object struct {
	Name string
	Data []byte
}

// Cutter packs one sweep's records into numbered objects, and cuts a record that is too large for one into
// several that say the same. It is pure, as Batcher is. It is not safe for concurrent use.
type Cutter struct {
	sweep  string
	epoch  string
	packer *Packer
	next   uint64 // number of the next object
	whole  []Object
}

// NewCutter is a cutter whose objects have an epoch in their names; see Config.Epoch.
func NewCutter(sweep, epoch string) *Cutter {
	return &Cutter{sweep: sweep, epoch: epoch, packer: NewPacker()}
}

// Exists says that the bucket has an object: numbers go on after it, if it is a batch of this sweep.
func (c *Cutter) Exists(name string) {
	if n, ok := results.BatchNumber(c.sweep, name); ok && n >= c.next {
		c.next = n + 1
	}
}

// Objects is how many objects there are, as far as their numbers tell.
func (c *Cutter) Objects() uint64 { return c.next }

// Len is how many bytes, uncompressed, are packed and not cut.
func (c *Cutter) Len() int { return c.packer.Len() }

// Add packs a record. An error means that it cannot be written at all.
func (c *Cutter) Add(r results.Record) error {
	err := c.packer.Add(r)
	if errors.Is(err, ErrTooLarge) && c.packer.Len() > 0 {
		c.Cut()
		err = c.packer.Add(r)
	}
	if err == nil {
		return nil
	}
	half := len(r.Points) / 2
	if len(r.Points) == 1 && r.End != nil {
		half = 1
	}
	if half == 0 {
		return err
	}
	first, second := r, r
	first.Points, first.End = r.Points[:half], nil
	second.Points, second.First = r.Points[half:], r.First+uint64(half)
	return errors.Join(c.Add(first), c.Add(second))
}

// Cut makes an object of what is packed.
func (c *Cutter) Cut() {
	if c.packer.Len() == 0 {
		return
	}
	c.whole = append(c.whole, Object{results.BatchName(c.sweep, c.next, c.epoch), c.packer.Pack()})
	c.next++
}

// Take takes the next object that is cut; they are written in this order.
func (c *Cutter) Take() (o Object, ok bool) {
	if len(c.whole) == 0 {
		return Object{}, false
	}
	o = c.whole[0]
	c.whole[0] = Object{}
	c.whole = c.whole[1:]
	return o, true
}
