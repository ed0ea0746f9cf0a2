package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// table lines columns up by what they take on a screen, where a letter of Chinese or an emoji takes two places and an
// accent none.
type table struct {
	rows   [][]cell
	widths []int
	keep   []int // columns that fit leaves, whatever they take
}

// cell is what a row has in one column.
type cell struct {
	text  string
	state string // in whose colour it is shown; empty: none
}

// longestCell is the most that a cell shows even where there is room, as in a pipe: a value may have megabytes, and
// every row is as wide.
const longestCell = 200

// row takes the cells of a line. The last is not filled up.
func (t *table) row(cells ...any) {
	row := make([]cell, len(cells))
	for i, c := range cells {
		if known, ok := c.(cell); ok {
			row[i] = known
		} else {
			row[i].text = fmt.Sprint(c)
		}
		row[i].text = shorten(escaped(row[i].text), longestCell)
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		t.widths[i] = max(t.widths[i], columns(row[i].text))
	}
	t.rows = append(t.rows, row)
}

// gap is the room between columns.
const gap = 2

// fit makes the lines fit a screen so wide: it shortens heads to the end that tells them apart, then the widest cells
// as far as they can still be told apart, and then leaves out columns from the right. It answers with the heads of
// those, whole.
func (t *table) fit(width int) (left []string) {
	const widest, narrowest = 60, 16
	heads := make([]string, len(t.widths))
	for i, head := range t.rows[0] {
		heads[i] = head.text
	}
	if t.width() > width {
		for i := range heads {
			t.rows[0][i].text = shortHead(heads, i)
			t.widths[i] = t.needs(i)
		}
	}
	for limit := widest; t.width() > width && limit >= narrowest; limit -= 4 {
		t.limit(limit)
	}
	for i := len(t.widths) - 1; t.width() > width && i > 0; i-- {
		if slices.Contains(t.keep, i) {
			continue
		}
		left = append(left, heads[i])
		for r, row := range t.rows {
			if i < len(row) {
				t.rows[r] = slices.Delete(row, i, i+1)
			}
		}
		t.widths = slices.Delete(t.widths, i, i+1)
	}
	slices.Reverse(left)
	return left
}

// shortHead is the end of a name in groups, as in …lr of optimizer.lr, from a dot or slash on and as long as no other
// name ends so.
func shortHead(names []string, i int) string {
	name := names[i]
	for at := len(name) - 1; at > 0; at-- {
		if name[at] != '.' && name[at] != '/' || at == len(name)-1 {
			continue
		}
		end := name[at+1:]
		if !slices.ContainsFunc(names, func(other string) bool {
			return other != name && strings.HasSuffix(other, end)
		}) {
			return "…" + end
		}
	}
	return name
}

// needs is what the widest cell of a column takes.
func (t *table) needs(column int) (width int) {
	for _, row := range t.rows {
		if column < len(row) {
			width = max(width, columns(row[column].text))
		}
	}
	return width
}

// width is how wide the lines are.
func (t *table) width() int {
	sum := -gap
	for _, w := range t.widths {
		sum += w + gap
	}
	return sum
}

// limit shortens the cells that take more.
func (t *table) limit(most int) {
	for i, w := range t.widths {
		if w <= most {
			continue
		}
		t.widths[i] = most
		for r, row := range t.rows {
			if i >= len(row) {
				continue
			}
			switch size := columns(row[i].text); {
			case size <= most:
			case r == 0: // of a name in groups, the end tells more than the beginning
				row[i].text = screen.TruncateLeft(row[i].text, size-most+1, "…")
			default:
				row[i].text = shorten(row[i].text, most)
			}
		}
	}
}

// print writes the lines, with colours where they can be seen.
func (t *table) print(w io.Writer) error {
	paint := painterFor(w)
	out := bufio.NewWriter(paint.w)
	for _, row := range t.rows {
		for i, c := range row {
			text := paint.state(c.state, c.text)
			if rest := row[i+1:]; slices.ContainsFunc(rest, func(c cell) bool { return c.text != "" }) {
				text += strings.Repeat(" ", t.widths[i]-columns(c.text)+gap)
			}
			_, _ = out.WriteString(text) // Flush tells
		}
		_ = out.WriteByte('\n')
	}
	return out.Flush()
}

// printFitting prints a table as wide as the terminal, and says what had no room; command is what printed it.
func printFitting(w io.Writer, tab *table, command string) error {
	var left []string
	width := widthOf(w)
	if width > 0 {
		left = tab.fit(width)
	}
	if err := tab.print(w); err != nil || len(left) == 0 {
		return err
	}
	const named = 4
	names := strings.Join(left[:min(len(left), named)], ", ")
	if more := len(left) - named; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	_, err := fmt.Fprintf(w, "… no room in %d columns for: %s; `%s | less -S` shows them\n", width, names, command)
	return err
}
