package sweep

import "strings"

// suggest is the known word nearest to the given one, or "" when none is near: at most a third of the letters
// differ (a swap of neighbours counts as one). A word of which the given one is the beginning is near when no
// other is.
func suggest(word string, known []string) string {
	const longest = 40 // keys are shorter; a hostile key of a megabyte is not compared
	if word == "" || len(word) > longest {
		return ""
	}
	given := strings.ReplaceAll(strings.ToLower(word), "-", "_")
	best, distance, completion := "", len(given)/3+1, ""
	for _, k := range known {
		if len(given) >= 3 && strings.HasPrefix(strings.ToLower(k), given) &&
			(completion == "" || len(k) < len(completion)) {
			completion = k
		}
		if apart := len(given) - len(k); max(apart, -apart) >= distance {
			continue // as many letters differ at least
		}
		if d := edits(given, strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if completion != "" && (best == "" || distance > 1) {
		return completion
	}
	return best
}

// edits is the optimal string alignment distance: insertions, deletions, replacements and swaps of
// neighbours.
func edits(a, b string) int {
	var space [3 * 64]int // of ordinary names, without asking for memory
	cells := space[:]
	if n := 3 * (len(b) + 1); n > len(cells) {
		cells = make([]int, n)
	}
	n := len(b) + 1
	rows := [3][]int{cells[:n], cells[n : 2*n], cells[2*n : 3*n]}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		now, last, before := rows[i%3], rows[(i+2)%3], rows[(i+1)%3]
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}

// quoted lists words as `a`, `b` or `c`.
func quoted(words []string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString("`" + w + "`")
	}
	return b.String()
}

// didYouMean is the remedy for an unknown word.
func didYouMean(word string, known []string) string {
	if s := suggest(word, known); s != "" {
		return "did you mean `" + s + "`?"
	}
	if len(known) == 0 {
		return "nothing is known here"
	}
	return "known here: " + quoted(known)
}
