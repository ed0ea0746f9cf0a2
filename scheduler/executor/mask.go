package executor

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// maskText stands where a secret stood.
const maskText = "***"

// maskedLine is the length from which a single line of a secret of several lines is masked by itself: as a key is
// printed, line by line.
const maskedLine = 8

// secrets are values that must not be seen, longest first.
type secrets struct {
	words [][]byte
	first [256]bool // bytes that a word begins with
}

// newSecrets is nil when there is nothing to hide.
func newSecrets(values map[string]string) *secrets {
	s := &secrets{}
	add := func(text string) {
		if text != "" {
			s.words = append(s.words, []byte(text))
			s.first[text[0]] = true
		}
	}
	for _, value := range values {
		add(value)
		for line := range strings.Lines(value) {
			if line = strings.TrimRight(line, "\r\n"); line != value && len(line) >= maskedLine {
				add(line)
			}
		}
	}
	if len(s.words) == 0 {
		return nil
	}
	slices.SortFunc(s.words, func(a, b []byte) int { return cmp.Or(len(b)-len(a), bytes.Compare(a, b)) })
	return s
}

// mask replaces the secrets in a text.
func (s *secrets) mask(text string) string {
	if s == nil {
		return text
	}
	out, _ := s.scan(nil, []byte(text), true)
	return string(out)
}

// scan appends data with its secrets masked to out. Unless it is the last of a stream, what may be the beginning of a
// secret is given back instead.
func (s *secrets) scan(out, data []byte, last bool) (masked, rest []byte) {
	from := 0
	for i := 0; i < len(data); {
		if !s.first[data[i]] {
			i++
			continue
		}
		n, open := s.at(data[i:])
		switch {
		case open && !last:
			return append(out, data[from:i]...), data[i:]
		case n > 0:
			out = append(append(out, data[from:i]...), maskText...)
			i += n
			from = i
		default:
			i++
		}
	}
	return append(out, data[from:]...), nil
}

// at is the length of the longest secret that data begins with, 0 for none; open when a longer one may.
func (s *secrets) at(data []byte) (n int, open bool) {
	for _, w := range s.words {
		switch {
		case len(w) > len(data):
			open = open || bytes.HasPrefix(w, data)
		case bytes.HasPrefix(data, w):
			return len(w), open
		}
	}
	return 0, open
}

// masker masks a stream that comes in chunks. Without secrets it costs nothing.
type masker struct {
	secrets *secrets
	use     func([]byte) // must not keep what it is given
	held    []byte       // what may be the beginning of a secret
	out     []byte
}

func (m *masker) feed(chunk []byte) {
	if m.secrets == nil {
		m.use(chunk)
		return
	}
	m.held = append(m.held, chunk...)
	m.pass(false)
}

func (m *masker) flush() {
	if len(m.held) > 0 {
		m.pass(true)
	}
}

func (m *masker) pass(last bool) {
	var rest []byte
	m.out, rest = m.secrets.scan(m.out[:0], m.held, last)
	m.held = append(m.held[:0], rest...)
	if len(m.out) > 0 {
		m.use(m.out)
	}
}
