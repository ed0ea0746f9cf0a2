package executor

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
	"github.com/kaon-sweep/kaon/scheduler/executor/shortage"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// drain reads a pipe to its end, giving each chunk to use. A buffer is held only while there is something in
// it, so a thousand silent trials cost no memory.
func drain(pipe *os.File, use func([]byte)) {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	for end := false; !end; {
		err := conn.Read(func(fd uintptr) bool {
			buf := parse.Buffers.Get().(*[parse.ChunkBytes]byte)
			defer parse.Buffers.Put(buf)
			n, err := unix.Read(int(fd), buf[:])
			switch {
			case err == unix.EAGAIN:
				return false
			case err == unix.EINTR:
				return true
			case err != nil || n == 0:
				end = true
				return true
			}
			use(buf[:n])
			return true
		})
		if err != nil { // the deadline that ends a wait for forked children
			return
		}
	}
}

// headTail writes a stream to files of bounded size in an attempt's folder: name holds the first head bytes;
// what follows goes to name.tail, which becomes name.tail.1 whenever it is full, so that at least the last
// tail bytes are kept. A disk that is full costs output, never the trial. Nothing is created before the first
// byte.
type headTail struct {
	folder     *safefile.Dir
	name       string
	head, tail int64
	failed     func(error) // is told why no more of it is kept
	file       *os.File
	written    int64 // to the current file
	inTail     bool
	broken     bool
}

func (h *headTail) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && !h.broken {
		room := h.head
		if h.inTail {
			room = h.tail
		}
		if h.file == nil || h.written >= room {
			h.turn()
			continue
		}
		part := p[:min(int64(len(p)), room-h.written)]
		m, err := h.file.Write(part)
		h.written += int64(m)
		p = p[m:]
		if err != nil {
			h.broken = true
			h.failed(err)
		}
	}
	return n, nil
}

// outputPatience is how long a trial's output may wait for a descriptor, and with it the trial.
const outputPatience = 2 * time.Second

// turn opens the next file.
func (h *headTail) turn() {
	name := h.name
	if h.file != nil {
		h.file.Close()
		if name += ".tail"; h.inTail {
			_ = h.folder.Rename(name, name+".1")
		}
		h.inTail = true
	}
	// Others give descriptors back within moments.
	err := shortage.Retry(context.Background(), outputPatience, func() (err error) {
		h.file, err = h.folder.Create(name, 0o644)
		return err
	})
	if err != nil { // the trial has a folder there, or the disk is full
		h.file, h.broken = nil, true
		h.failed(err)
	}
	h.written = 0
}

func (h *headTail) close() {
	if h.file != nil {
		h.file.Close()
	}
}

// lastLines keeps the end of a stream for people to read.
type lastLines struct{ buf []byte }

const (
	lastBytes = 8 << 10
	lastCount = 20
	lastWidth = 500 // bytes of one line
)

var _ io.Writer = (*lastLines)(nil)

func (l *lastLines) Write(p []byte) (int, error) {
	n := len(p)
	if len(p) > lastBytes {
		p = p[len(p)-lastBytes:]
	}
	if len(l.buf)+len(p) > 2*lastBytes {
		l.buf = append(l.buf[:0], l.buf[len(l.buf)-lastBytes:]...)
	}
	l.buf = append(l.buf, p...)
	return n, nil
}

// lines returns the last lines that are not blank, as valid UTF-8 without control characters.
func (l *lastLines) lines(hide *mask.Secrets) []string {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(l.buf))
	var out []string
	for _, line := range strings.Split(text, "\n") {
		// Masked after what is left out has gone: it may have parted a secret.
		line = strings.TrimRight(hide.Mask(mask.Readable(line)), " \t")
		if line != "" {
			out = append(out, parse.Clip(line, lastWidth))
		}
	}
	return out[max(0, len(out)-lastCount):]
}
