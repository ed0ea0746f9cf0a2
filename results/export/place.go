package export

import "github.com/kaon-sweep/kaon/results/board"

// placeColumns is the columns of sweeps whose points have several trials, and of those whose metrics have bounds:
// point, repeat, feasible. They follow all others.
func placeColumns(b *board.Board) (columns []column) {
	if b.Repeats() > 1 {
		columns = append(columns, column{"point", integer}, column{"repeat", integer})
	}
	if b.Bounded() {
		columns = append(columns, column{"feasible", boolean})
	}
	return columns
}

func placeCells(cells []any, columns []column, t board.Trial) {
	for i, c := range columns {
		switch {
		case c.name == "point" && t.Point != nil:
			cells[i] = int64(*t.Point)
		case c.name == "repeat" && t.Repeat != nil:
			cells[i] = int64(*t.Repeat)
		case c.name == "feasible" && t.Feasible != nil:
			cells[i] = *t.Feasible
		}
	}
}
