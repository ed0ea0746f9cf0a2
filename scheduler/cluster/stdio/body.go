package stdio

import (
	"io"
	"sync"
)

// inbox is a body on its way in: what came and was not read yet. Its sender keeps to its credit, and one that does not
// is cut off.
type inbox struct {
	mu      sync.Mutex
	changed *sync.Cond
	data    []byte
	read    int // since credit was given back
	err     error
	credit  func(n int) // gives credit back to the sender
}

func newInbox(credit func(int)) *inbox {
	b := &inbox{credit: credit}
	b.changed = sync.NewCond(&b.mu)
	return b
}

// put adds a part; false: it is more than the sender had credit for.
func (b *inbox) put(part []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return true
	}
	if len(b.data)+len(part) > window+chunk {
		return false
	}
	b.data = append(b.data, part...)
	b.changed.Broadcast()
	return true
}

// end ends the body after what was put before; io.EOF: it is complete. The first end counts.
func (b *inbox) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
		b.changed.Broadcast()
	}
}

// Read implements io.Reader.
func (b *inbox) Read(p []byte) (int, error) {
	b.mu.Lock()
	for len(b.data) == 0 && b.err == nil {
		b.changed.Wait()
	}
	if len(b.data) == 0 {
		defer b.mu.Unlock()
		return 0, b.err
	}
	n := copy(p, b.data)
	if b.data = b.data[n:]; len(b.data) == 0 {
		b.data = nil
	}
	give := 0
	if b.read += n; b.read >= window/2 {
		give, b.read = b.read, 0
	}
	open := b.err == nil
	b.mu.Unlock()
	if give > 0 && open {
		b.credit(give)
	}
	return n, nil
}

// outbox bounds a body on its way out.
type outbox struct {
	mu      sync.Mutex
	changed *sync.Cond
	credit  int
	err     error
}

func newOutbox() *outbox {
	b := &outbox{credit: window}
	b.changed = sync.NewCond(&b.mu)
	return b
}

// take waits for credit, and takes at most want of it.
func (b *outbox) take(want int) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.credit == 0 && b.err == nil {
		b.changed.Wait()
	}
	if b.err != nil {
		return 0, b.err
	}
	n := min(want, b.credit, chunk)
	b.credit -= n
	return n, nil
}

func (b *outbox) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.credit = min(b.credit+n, window)
	b.changed.Broadcast()
}

func (b *outbox) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
		b.changed.Broadcast()
	}
}

// send writes a body as frames, within its credit.
func (b *outbox) send(p []byte, write func(part []byte) error) (sent int, err error) {
	for len(p) > 0 {
		n, err := b.take(len(p))
		if err == nil {
			err = write(p[:n])
		}
		if err != nil {
			return sent, err
		}
		p, sent = p[n:], sent+n
	}
	return sent, nil
}

var _ io.Reader = (*inbox)(nil)
