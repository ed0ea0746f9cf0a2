package testkit

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Screen is what stands on a terminal after a program has written to it: one that places its lines, as full-screen
// programs do, on lines that do not wrap. What it knows no meaning of it remembers. Any goroutine may use it.
type Screen struct {
	mu            sync.Mutex
	columns, rows int
	cells         [][]cell
	row, column   int
	look          string // codes set
	held          string // the beginning of a sequence
	other         bool   // the alternate screen is shown
	behind        page   // what stands behind it
	hidden        bool   // the cursor is
	strange       []string
}

// page is what one of the two screens of a terminal has.
type page struct {
	cells       [][]cell
	row, column int
}

// cell is one place of a screen; what follows a wide character has no rune.
type cell struct {
	r    rune
	look string
}

// NewScreen is an empty screen.
func NewScreen(columns, rows int) *Screen {
	s := &Screen{}
	s.Resize(columns, rows)
	return s
}

// Resize empties it and makes it so large.
func (s *Screen) Resize(columns, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.columns, s.rows, s.row, s.column = columns, rows, 0, 0
	s.cells, s.behind = blank(columns, rows), page{cells: blank(columns, rows)}
}

func blank(columns, rows int) [][]cell {
	cells := make([][]cell, rows)
	for i := range cells {
		cells[i] = slices.Repeat([]cell{{r: ' '}}, columns)
	}
	return cells
}

var sequence = regexp.MustCompile(`^\x1b\[([?]?)([0-9;]*)([A-Za-z])`)

// Write implements io.Writer; it takes all.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.held + string(p)
	s.held = ""
	for text != "" {
		if text[0] == 0x1b {
			at := sequence.FindStringSubmatch(text)
			switch {
			case at != nil:
				s.obey(at[1], at[2], at[3])
				text = text[len(at[0]):]
			case len(text) < 16 && regexp.MustCompile(`^\x1b(\[[?]?[0-9;]*)?$`).MatchString(text):
				s.held = text
				return len(p), nil
			default:
				s.strange = append(s.strange, text[:min(len(text), 16)])
				text = text[1:]
			}
			continue
		}
		if !utf8.FullRuneInString(text) {
			s.held = text
			break
		}
		r, n := utf8.DecodeRuneInString(text)
		s.put(r)
		text = text[n:]
	}
	return len(p), nil
}

// obey does what a sequence says.
func (s *Screen) obey(private, numbers, what string) {
	switch private + what {
	case "H":
		s.row, s.column = 0, 0
		if row, column, ok := strings.Cut(numbers, ";"); ok {
			s.row, _ = strconv.Atoi(row)
			s.column, _ = strconv.Atoi(column)
			s.row, s.column = max(min(s.row, s.rows)-1, 0), max(s.column-1, 0)
		}
	case "J":
		for row := range s.cells {
			if numbers == "2" || row > s.row {
				s.cells[row] = slices.Repeat([]cell{{r: ' '}}, s.columns)
			}
		}
		s.erase()
	case "K":
		s.erase()
	case "m":
		if s.look = numbers; numbers == "0" {
			s.look = ""
		}
	case "?h", "?l":
		switch numbers {
		case "1049":
			s.alternate(what == "h")
		case "25":
			s.hidden = what == "l"
		}
	default:
		s.strange = append(s.strange, private+numbers+what)
	}
}

// alternate shows the other of the two screens.
func (s *Screen) alternate(on bool) {
	switch {
	case on == s.other:
	case on:
		s.behind = page{s.cells, s.row, s.column}
		s.cells = blank(s.columns, s.rows)
	default:
		s.cells, s.row, s.column = s.behind.cells, s.behind.row, s.behind.column
	}
	s.other = on
}

func (s *Screen) erase() {
	for i := min(s.column, s.columns-1); i < s.columns; i++ { // behind the last column it stands on that
		s.cells[s.row][i] = cell{r: ' '}
	}
}

// put writes a character where the cursor stands.
func (s *Screen) put(r rune) {
	width := (&runewidth.Condition{}).RuneWidth(r)
	switch {
	case r == '\r':
		s.column = 0
	case r == '\n':
		s.row++
		if s.row == s.rows {
			s.cells, s.row = append(s.cells[1:], slices.Repeat([]cell{{r: ' '}}, s.columns)), s.rows-1
		}
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		s.strange = append(s.strange, string(r))
	case s.column+width > s.columns && !s.other:
		s.row, s.column = min(s.row+1, s.rows-1), 0
	case s.column+width > s.columns:
		s.strange = append(s.strange, "over the edge: "+string(r))
	default:
		for i := range width {
			s.cells[s.row][s.column+i] = cell{look: s.look}
		}
		if width > 0 {
			s.cells[s.row][s.column].r = r
			s.column += width
		}
	}
}

// Lines is what stands on it, without spaces at the ends of lines.
func (s *Screen) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, row := range s.cells {
		var b strings.Builder
		for _, c := range row {
			if c.r != 0 {
				b.WriteRune(c.r)
			}
		}
		out = append(out, strings.TrimRight(b.String(), " "))
	}
	return out
}

// Has says whether a text stands on it, within a line.
func (s *Screen) Has(text string) bool {
	return slices.ContainsFunc(s.Lines(), func(line string) bool { return strings.Contains(line, text) })
}

// Strange is what was written that such a program does not write: other sequences, control characters, text beyond the
// edge.
func (s *Screen) Strange() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.strange)
}

// Taken says whether a program has the screen for itself, and whether the cursor is hidden.
func (s *Screen) Taken() (other, hidden bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.other, s.hidden
}

// Coloured says whether anything on it has a colour.
func (s *Screen) Coloured() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.cells, func(row []cell) bool {
		return slices.ContainsFunc(row, func(c cell) bool {
			return slices.ContainsFunc(strings.Split(c.look, ";"), func(code string) bool {
				return len(code) == 2 && (code[0] == '3' || code[0] == '4' || code[0] == '9')
			})
		})
	})
}
