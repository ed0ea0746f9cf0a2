package testkit

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// The size of a cell of a screen as a picture, and what a terminal looks like on which everything can be read.
const (
	cellWidth, cellHeight = 8.4, 17
	ground, ink           = "#14171a", "#d8dee4"
)

// sixteen are the colours of the small palette, as readable on the ground as those that terminals have.
var sixteen = [8]string{"#5c6370", "#ef6b73", "#7fc878", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee4"}

// SVG is the screen as a picture.
func (s *Screen) SVG() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	width, height := float64(s.columns)*cellWidth+24, s.rows*cellHeight+24
	fmt.Fprintf(&b,
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%d" rx="6" fill="%s"/>`+"\n", width, height, ground)
	for row, line := range s.cells {
		for at := 0; at < len(line); {
			end := at + 1
			for end < len(line) && line[end].look == line[at].look {
				end++
			}
			drawRun(&b, row, at, line[at:end])
			at = end
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// drawRun draws cells that look the same.
func drawRun(b *strings.Builder, row, column int, run []cell) {
	var text strings.Builder
	for _, c := range run {
		if c.r != 0 {
			text.WriteRune(c.r)
		}
	}
	fill, behind, extra := ink, "", ""
	codes := strings.Split(run[0].look, ";")
	for i, code := range codes {
		n, _ := strconv.Atoi(code)
		switch {
		case code == "1":
			extra += ` font-weight="bold"`
		case code == "2":
			extra += ` opacity="0.7"`
		case code == "7":
			behind = "#2f3b47"
		case code == "5" && i > 0 && codes[i-1] == "38" && i+1 < len(codes):
			n, _ = strconv.Atoi(codes[i+1])
			fill = lighter(palette(n))
		case n >= 30 && n < 38 && (i < 2 || codes[i-2] != "38"):
			fill = sixteen[n-30]
		}
	}
	x, y := 12+float64(column)*cellWidth, 12+row*cellHeight
	if behind != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n",
			x, y, float64(len(run))*cellWidth, cellHeight, behind)
	}
	said := strings.TrimRight(text.String(), " ")
	if said == "" {
		return
	}
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(said)) // a Builder takes all
	fmt.Fprintf(b, `<text x="%.1f" y="%d" fill="%s"%s xml:space="preserve" textLength="%.1f">%s</text>`+"\n", x, y+13,
		fill, extra,
		float64(len([]rune(said)))*cellWidth, escaped.String())
}

// palette is a colour of the cube of 256.
func palette(n int) (r, g, b int) {
	if n >= 232 {
		v := 8 + 10*(n-232)
		return v, v, v
	}
	steps := [6]int{0, 95, 135, 175, 215, 255}
	n = max(n-16, 0)
	return steps[n/36%6], steps[n/6%6], steps[n%6]
}

// lighter is a colour of the middle on a dark ground, where terminals show it with more light than a page does.
func lighter(r, g, b int) string {
	up := func(v int) int { return v + (255-v)*3/10 }
	return fmt.Sprintf("#%02x%02x%02x", up(r), up(g), up(b))
}
