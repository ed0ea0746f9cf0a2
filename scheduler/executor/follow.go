package executor

import (
	"os"

	"golang.org/x/sys/unix"
)

// follower reads what a trial appends to its metrics file. The file may come late, be cut to nothing, or be
// no regular file at all, which is then never read.
type follower struct {
	path   string
	offset int64
	lines  lines
}

// maxLook bounds what one look reads, so that one trial's flood does not hold up the others'.
const maxLook = 4 << 20

// look reads at most limit bytes of what is new and gives each whole line to emit; it tells whether there is
// more. In a file that shrank reading starts over.
func (f *follower) look(limit int64, emit func([]byte)) (more bool) {
	var info unix.Stat_t
	if unix.Stat(f.path, &info) != nil || info.Mode&unix.S_IFMT != unix.S_IFREG || info.Size == f.offset {
		return false
	}
	file, err := os.OpenFile(f.path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	if info.Size < f.offset {
		f.offset = 0
		f.lines.flush(func([]byte) {})
	}
	buf := chunks.Get().(*[chunkBytes]byte)
	defer chunks.Put(buf)
	for limit > 0 {
		n, err := file.ReadAt(buf[:min(limit, chunkBytes)], f.offset)
		f.lines.feed(buf[:n], emit)
		f.offset += int64(n)
		limit -= int64(n)
		if err != nil || n == 0 {
			return false
		}
	}
	return true
}

// finish reads the rest, up to limit bytes, and the last line even if it was not ended.
func (f *follower) finish(limit int64, emit func([]byte)) {
	f.look(limit, emit)
	f.lines.flush(emit)
}
