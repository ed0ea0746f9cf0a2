package sweep

// block is how many points lie between two marks: a point costs at most the combinations between two marks,
// and the marks of a million points fit in 32 KiB.
const block = 256

// gridIndex finds the points of a grid with conditions: it holds the combination of every 256th point, so
// that At looks at few combinations.
type gridIndex struct {
	count int   // points found
	marks []int // marks[k] is the combination of point k*block
	whole bool  // every combination of the grid was looked at
	// combinations that were looked at
	looked int
}
