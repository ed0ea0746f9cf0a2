package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// table lines columns up by what they take on a screen, where a letter of Chinese or an emoji takes two places and an
// accent none.
type table struct {
	rows   [][]string
	widths []int
}

// row takes the cells of a line. The last is not filled up.
func (t *table) row(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = strings.ReplaceAll(clean(fmt.Sprint(c)), "\n", " ") // a cell is of one line
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		t.widths[i] = max(t.widths[i], columns(row[i]))
	}
	t.rows = append(t.rows, row)
}

// print writes the lines.
func (t *table) print(w io.Writer) error {
	const gap = 2
	out := bufio.NewWriter(w)
	for _, row := range t.rows {
		line := ""
		for i, cell := range row {
			line += cell
			if i < len(row)-1 {
				line += strings.Repeat(" ", t.widths[i]-columns(cell)+gap)
			}
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	return out.Flush()
}

// screen measures without asking what the locale calls wide, so that output is the same everywhere.
var screen = &runewidth.Condition{}

// columns is how many places a text takes on a screen.
func columns(text string) int { return screen.StringWidth(text) }
