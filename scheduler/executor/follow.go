package executor

import (
	"context"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// follower reads what a trial appends to its metrics file. The file may come late, be cut to nothing, or be
// no regular file at all, which is then never read. It belongs to one goroutine, which holds no lock while it reads.
type follower struct {
	folder *safefile.Dir
	name   string
	offset int64
	lines  lines
}

// maxLook bounds what one look reads.
const maxLook = 4 << 20

// look reads at most limit bytes of what is new and gives each whole line to emit, until ctx ends; it tells whether there is
// more. In a file that shrank reading starts over.
func (f *follower) look(ctx context.Context, limit int64, emit func([]byte)) (more bool) {
	info, err := f.folder.Stat(f.name)
	if err != nil || info.Mode&unix.S_IFMT != unix.S_IFREG || info.Size == f.offset {
		return false
	}
	file, err := f.folder.Open(f.name)
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
	for limit > 0 && ctx.Err() == nil {
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
func (f *follower) finish(ctx context.Context, limit int64, emit func([]byte)) {
	f.look(ctx, limit, emit)
	f.lines.flush(emit)
}
