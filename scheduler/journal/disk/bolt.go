package disk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// Bbolt's file format, as far as it must be known to read a file: pages of a B+tree, the first two of them metas.
const (
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	boltPageHeader = 16
	boltElement    = 16
	boltBranch     = 0x01
	boltLeaf       = 0x02
	boltBucketFlag = 0x01
	boltMetaSize   = 64
	boltMaxDepth   = 64
)

// bolt is a bbolt file in memory. Nothing in it is believed: bbolt itself maps such a file, and a page that is not what
// it should be ends the process, or keeps it busy for ever.
type bolt struct {
	data     []byte
	pageSize int
	root     uint64
	pages    uint64
}

// boltBucket is a bucket of a bolt: a tree of its own, or the one page within its parent's.
type boltBucket struct {
	in       *bolt
	root     uint64
	sequence uint64
	inline   []byte // nil: the tree at root
}

// isBolt tells whether a file is one of bbolt's, by either of its metas.
func isBolt(f *os.File) bool {
	head := make([]byte, 64<<10)
	n, _ := io.ReadFull(io.NewSectionReader(f, 0, int64(len(head))), head)
	head = head[:n]
	for at := 0; at+boltPageHeader+4 <= len(head); {
		if binary.LittleEndian.Uint32(head[at+boltPageHeader:]) == boltMagic {
			return true
		}
		if at == 0 {
			at = 512
		} else {
			at *= 2
		}
	}
	return false
}

// openBolt finds the later of the metas that are whole.
func openBolt(data []byte) (*bolt, error) {
	b := &bolt{data: data}
	latest, found := uint64(0), false
	for size := 1 << 10; size <= 64<<10; size *= 2 {
		for _, at := range []int{0, size} {
			if at+boltPageHeader+boltMetaSize > len(data) {
				continue
			}
			m := data[at+boltPageHeader:][:boltMetaSize]
			le := binary.LittleEndian
			sum := fnv.New64a()
			sum.Write(m[:56])
			if le.Uint32(m) != boltMagic || le.Uint32(m[4:]) != boltVersion || int(le.Uint32(m[8:])) != size ||
				le.Uint64(m[56:]) != sum.Sum64() {
				continue
			}
			if tx := le.Uint64(m[48:]); !found || tx > latest {
				found, latest = true, tx
				b.pageSize, b.root, b.pages = size, le.Uint64(m[16:]), le.Uint64(m[40:])
			}
		}
	}
	if !found {
		return nil, damaged("neither of its first two pages is whole")
	}
	return b, nil
}

func (b *bolt) top() *boltBucket { return &boltBucket{in: b, root: b.root} }

// page is a page with its overflow.
func (b *bolt) page(id uint64) ([]byte, error) {
	from := id * uint64(b.pageSize)
	if id >= b.pages || from/uint64(b.pageSize) != id || from+uint64(b.pageSize) > uint64(len(b.data)) {
		return nil, damaged("page %d is beyond its end", id)
	}
	p := b.data[from:]
	if got := binary.LittleEndian.Uint64(p); got != id {
		return nil, damaged("page %d says that it is page %d", id, got)
	}
	size := (uint64(binary.LittleEndian.Uint32(p[12:])) + 1) * uint64(b.pageSize)
	if size > uint64(len(p)) {
		return nil, damaged("page %d is longer than the file", id)
	}
	return p[:size], nil
}

// each yields the keys and values of a bucket, in order. A bucket within it has bucket set.
func (k *boltBucket) each(yield func(key, value []byte, bucket bool) error) error {
	w := boltWalk{bucket: k, seen: map[uint64]bool{}, yield: yield}
	if k.inline != nil {
		return w.leaf(0, k.inline)
	}
	return w.walk(k.root, 0)
}

// bucket is what the value of a bucket's key says.
func (b *bolt) bucket(value []byte) (*boltBucket, error) {
	if len(value) < 16 {
		return nil, damaged("a bucket of %d bytes", len(value))
	}
	k := &boltBucket{in: b, root: binary.LittleEndian.Uint64(value), sequence: binary.LittleEndian.Uint64(value[8:])}
	if k.root == 0 {
		if k.inline = value[16:]; len(k.inline) < boltPageHeader {
			return nil, damaged("a bucket of %d bytes", len(value))
		}
	}
	return k, nil
}

// boltWalk goes through one tree: every page once, keys only up.
type boltWalk struct {
	bucket *boltBucket
	seen   map[uint64]bool
	last   []byte
	some   bool
	yield  func(key, value []byte, bucket bool) error
}

func (w *boltWalk) walk(id uint64, depth int) error {
	if w.seen[id] || depth > boltMaxDepth {
		return damaged("page %d is there twice", id)
	}
	w.seen[id] = true
	p, err := w.bucket.in.page(id)
	if err != nil {
		return err
	}
	switch flags := binary.LittleEndian.Uint16(p[8:]); flags {
	case boltLeaf:
		return w.leaf(id, p)
	case boltBranch:
		return w.branch(id, p, depth)
	default:
		return damaged("page %d is of kind %#x", id, flags)
	}
}

func (w *boltWalk) branch(id uint64, p []byte, depth int) error {
	n := int(binary.LittleEndian.Uint16(p[10:]))
	if n == 0 || boltPageHeader+n*boltElement > len(p) {
		return damaged("page %d has %d elements", id, n)
	}
	for i := range n {
		at := boltPageHeader + i*boltElement
		key, err := part(p, at, binary.LittleEndian.Uint32(p[at:]), binary.LittleEndian.Uint32(p[at+4:]))
		if err != nil {
			return fmt.Errorf("%w of page %d", err, id)
		}
		if w.some && bytes.Compare(key, w.last) <= 0 {
			return damaged("the keys of page %d are not in order", id)
		}
		if err := w.walk(binary.LittleEndian.Uint64(p[at+8:]), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *boltWalk) leaf(id uint64, p []byte) error {
	n := int(binary.LittleEndian.Uint16(p[10:]))
	if binary.LittleEndian.Uint16(p[8:]) != boltLeaf || boltPageHeader+n*boltElement > len(p) {
		return damaged("page %d has %d elements", id, n)
	}
	for i := range n {
		at := boltPageHeader + i*boltElement
		le := binary.LittleEndian
		flags, pos, ksize, vsize := le.Uint32(p[at:]), le.Uint32(p[at+4:]), le.Uint32(p[at+8:]), le.Uint32(p[at+12:])
		key, err := part(p, at, pos, ksize)
		var value []byte
		if err == nil {
			value, err = part(p, at, pos+ksize, vsize)
		}
		if err != nil || flags > boltBucketFlag {
			return damaged("element %d of page %d", i, id)
		}
		if w.some && bytes.Compare(key, w.last) <= 0 {
			return damaged("the keys of page %d are not in order", id)
		}
		w.last, w.some = key, true
		if err := w.yield(key, value, flags == boltBucketFlag); err != nil {
			return err
		}
	}
	return nil
}

// part is what an element at a place of the page names by position and size.
func part(p []byte, at int, pos, size uint32) ([]byte, error) {
	from := uint64(at) + uint64(pos)
	if from+uint64(size) > uint64(len(p)) {
		return nil, damaged("an element")
	}
	return p[from:][:size:size], nil
}
