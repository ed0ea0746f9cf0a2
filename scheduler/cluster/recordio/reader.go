package recordio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

var (
	// ErrLength is in the error of Read when the stream does not hold a length where one is due.
	ErrLength = errors.New("not a record length")
	// ErrTooLong is in the error of Read when a record is longer than the reader's bound.
	ErrTooLong = errors.New("record too long")
)

// step is how much a buffer grows ahead of the bytes that arrive, so a length that promises more than the
// stream holds costs no memory.
const step = 1 << 20

// Reader reads records from a stream. It is used by one goroutine.
type Reader struct {
	in  *bufio.Reader
	max int
	buf []byte
}

// NewReader returns a Reader that refuses records of more than max bytes.
func NewReader(in io.Reader, max int) *Reader {
	return &Reader{in: bufio.NewReaderSize(in, 16<<10), max: max}
}

// Read returns the next record, which is valid until the next call; empty records are passed over. It
// returns io.EOF where the stream ends between records and io.ErrUnexpectedEOF where it ends inside one.
func (r *Reader) Read() ([]byte, error) {
	for {
		n, err := r.length()
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return r.body(n)
		}
	}
}

// Buffered tells whether the next record has arrived to its end, so that Read will not wait. It may miss a
// record that is longer than what the reader takes in at once.
func (r *Reader) Buffered() bool {
	here, _ := r.in.Peek(r.in.Buffered()) // never fails
	digits, rest, ok := bytes.Cut(here, []byte{'\n'})
	if !ok {
		return false
	}
	n, err := strconv.ParseUint(string(digits), 10, 63)
	return err == nil && uint64(len(rest)) >= n
}

func (r *Reader) length() (int, error) {
	var digits [20]byte // the longest decimal of 64 bits
	for i := 0; ; i++ {
		c, err := r.in.ReadByte()
		switch {
		case err == io.EOF && i > 0:
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		case c != '\n' && i == len(digits):
			return 0, fmt.Errorf("read %q: %w", digits[:], ErrLength)
		case c != '\n':
			digits[i] = c
			continue
		}
		n, err := strconv.ParseUint(string(digits[:i]), 10, 63)
		if err != nil {
			return 0, fmt.Errorf("read %q: %w", digits[:i], ErrLength)
		}
		if n > uint64(r.max) {
			return 0, fmt.Errorf("read record of %d bytes, the bound is %d: %w", n, r.max, ErrTooLong)
		}
		return int(n), nil
	}
}

func (r *Reader) body(n int) ([]byte, error) {
	r.buf = r.buf[:0]
	for len(r.buf) < n {
		have, want := len(r.buf), min(n-len(r.buf), step)
		r.buf = slices.Grow(r.buf, want)[:have+want]
		if _, err := io.ReadFull(r.in, r.buf[have:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return r.buf, nil
}

// Append appends one record holding body to dst.
func Append(dst, body []byte) []byte {
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, '\n')
	return append(dst, body...)
}
