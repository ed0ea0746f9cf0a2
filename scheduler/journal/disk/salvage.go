package disk

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// Salvaged is what is whole of a journal that is damaged.
type Salvaged struct {
	*journal.Memory          // what whole records and blocks say, also those behind a hole
	Holes           []string // what is not whole, in words; empty when nothing can be seen to be missing
}

// Salvage reads what is whole of the journal at path, whatever else is damaged or not there, and changes nothing. A
// journal in a format of before has nothing to salvage. What lies behind a hole counts, as the package's comment says;
// that records were forgotten does not: whoever has lost a journal may have lost what the bucket had, too.
func Salvage(path string) (Salvaged, error) {
	g := salvage{Salvaged: Salvaged{Memory: new(journal.Memory)}}
	store, err := whole(path)
	if err != nil {
		return g.Salvaged, err
	}
	log, err := whole(path + logSuffix)
	if err != nil {
		return g.Salvaged, err
	}
	id := g.store(store)
	g.log(log, id)
	return g.Salvaged, g.keep()
}

// whole is all of a file; nothing when it is not there, or is none.
func whole(path string) (data []byte, err error) {
	f, err := openRegular(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, journal.ErrDamaged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data, err = io.ReadAll(f)
	return data, errors.Join(err, f.Close())
}

// salvage collects pieces. Blocks and records of the log have one order: a block comes after the records that it says
// are in it.
type salvage struct {
	Salvaged
	pieces []piece
	last   uint64 // the number of the last record that was durable, as far as anything says so
}

type piece struct {
	number  uint64 // of the record, or of the last record that is in the block
	block   uint64 // its number; 0: a record of the log
	entries []journal.Entry
}

// add takes in a payload whose checksum is right; one that says nothing readable is not whole.
func (g *salvage) add(number, block uint64, payload []byte) bool {
	p := piece{number: number, block: block}
	err := unlog(payload, func(e journal.Entry, _, _ int) error {
		if _, forgets := e.(journal.TruncateEntry); !forgets {
			p.entries = append(p.entries, e)
		}
		return nil
	})
	if err == nil {
		g.pieces = append(g.pieces, p)
	}
	return err == nil
}

// farBlock is how far the number of a later block may be from the last, and its log's: a guard against chance.
const farBlock = 1 << 24

// store reads the blocks of a store that are whole, and gives the journal's id; nil when that is not known.
func (g *salvage) store(all []byte) (id []byte) {
	if len(all) < headerSize || !mendHeader(all[:headerSize]) || string(all[:7]) != storeMagic ||
		all[7] != storeVersion {
		g.Holes = append(g.Holes, "the journal's beginning, without which no block of it is known")
		return nil
	}
	s := &store{id: all[8:][:idSize:idSize], generation: binary.LittleEndian.Uint64(all[8+idSize:])}
	hole := false
	for at := headerSize; at+blockHeader <= len(all); {
		b, ok := s.block(all[at:], s.blocks+1, s.blocks+farBlock)
		if !ok || !g.add(b.applied, b.number, b.payload) {
			at, hole = at+1, true
			continue
		}
		if b.number != s.blocks+1 || hole {
			g.Holes = append(g.Holes, fmt.Sprintf("what lay before block %d of the journal", b.number))
		}
		at, hole, s.blocks = at+blockHeader+len(b.payload), false, b.number
		g.last = max(g.last, b.applied)
	}
	if sealed := binary.LittleEndian.Uint64(all[16+idSize:]); hole || uint64(len(all)) < sealed {
		g.Holes = append(g.Holes, fmt.Sprintf("what lay behind block %d of the journal", s.blocks))
	}
	return s.id
}

// mendHeader reports whether a store's header is as it was written, after it has turned back the one bit that is not.
func mendHeader(header []byte) bool {
	right := func() bool {
		return crc32.Checksum(header[:headerSize-4], castagnoli) == binary.LittleEndian.Uint32(header[headerSize-4:])
	}
	if right() {
		return true
	}
	for bit := range headerSize * 8 {
		header[bit/8] ^= 1 << (bit % 8)
		if right() {
			return true
		}
		header[bit/8] ^= 1 << (bit % 8)
	}
	return false
}

// log reads the records of a log that are whole, wherever they lie.
func (g *salvage) log(all, id []byte) {
	l := &log{seed: crc32.Checksum(id, castagnoli)}
	if len(all) < logStart+logRoom {
		g.Holes = append(g.Holes, "what the journal's log had behind its end")
	}
	marked := false
	for i := range 2 {
		m, seed, ok := parseMark(all[min(i*sector, len(all)):])
		if !ok || id != nil && seed != l.seed {
			continue
		}
		l.seed, marked = seed, true
		g.last = max(g.last, m.number)
	}
	if id == nil && !marked {
		g.Holes = append(g.Holes, "the beginning of the journal's log, without which nothing in it is known")
		return
	}
	for at := logStart; at+logHeader <= len(all); {
		if n := binary.LittleEndian.Uint64(all[at+8:]); n == 0 || n > g.last+nearby {
			at++
			continue
		}
		payload, number, ok := l.record(all[at:])
		if !ok || !g.add(number, 0, payload) {
			at++
			continue
		}
		at += logHeader + len(payload)
	}
}

// keep puts the pieces in order and takes them in, and says which records of the log are missing. What a block says is
// not said again by the records that are in it.
func (g *salvage) keep() error {
	slices.SortStableFunc(g.pieces, func(a, b piece) int {
		if c := cmp.Compare(a.number, b.number); c != 0 {
			return c
		}
		first := func(p piece) int { return int(min(p.block, 1)) }
		return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(a.block, b.block))
	})
	next := uint64(1)
	missing := func(before uint64) {
		if before == next+1 {
			g.Holes = append(g.Holes, fmt.Sprintf("record %d of the journal's log", next))
		} else if before > next {
			g.Holes = append(g.Holes, fmt.Sprintf("records %d to %d of the journal's log", next, before-1))
		}
		next = max(next, before)
	}
	for _, p := range g.pieces {
		if p.block > 0 { // it has the records up to its own, but for those that a hole before it tells of
			next = max(next, p.number+1)
		}
	}
	inBlocks := next - 1
	for _, p := range g.pieces {
		if p.block == 0 && p.number > inBlocks {
			missing(p.number)
			next = p.number + 1
		}
		if err := g.Append(p.entries); err != nil {
			return err
		}
	}
	missing(g.last + 1)
	return nil
}
