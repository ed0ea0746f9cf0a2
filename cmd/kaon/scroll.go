package main

// scroll is a place in a list of which a window is shown.
type scroll struct {
	at  int // what keys act on
	top int // the first that is shown
}

// press moves by a key, and says whether that is one that does; page is how much a window shows.
func (s *scroll) press(key string, n, page int) bool {
	switch key {
	case keyUp, "k":
		s.at--
	case keyDown, "j":
		s.at++
	case keyPageUp:
		s.at -= max(page-1, 1)
	case keyPageDown, " ":
		s.at += max(page-1, 1)
	case keyHome, "g":
		s.at = 0
	case keyEnd, "G":
		s.at = n - 1
	default:
		return false
	}
	s.at = max(min(s.at, n-1), 0)
	return true
}

// window is what is shown of n in so many rows.
func (s *scroll) window(n, rows int) (from, to int) {
	rows = max(rows, 1)
	s.at = max(min(s.at, n-1), 0)
	s.top = max(min(s.top, s.at, n-rows), 0)
	s.top = max(s.top, s.at-rows+1)
	return s.top, min(s.top+rows, n)
}
