package proc

import (
	"strings"
	"sync"
)

// Said keeps the end of what a program writes, to tell of it when the program fails. Any goroutine may use it.
type Said struct {
	Most int // bytes that are kept

	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (s *Said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, p[max(0, len(p)-s.Most):]...)
	if len(s.text) > 2*s.Most { // seldom, whatever pieces it comes in
		s.text = append(s.text[:0], s.text[len(s.text)-s.Most:]...)
	}
	return len(p), nil
}

// String is what is kept, as valid UTF-8 and without the blanks around it.
func (s *Said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(s.text[max(0, len(s.text)-s.Most):]), ""))
}
