package compare

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// leaves are the values of a tree by their paths, as JSON.
type leaves map[string]json.RawMessage

// longestLeaf is how much is shown of a value; what differs behind it is told apart all the same.
const longestLeaf = 2000

func leavesOfPoint(text json.RawMessage) leaves {
	var p sweep.Point
	if len(text) == 0 || json.Unmarshal(text, &p) != nil {
		return nil
	}
	out := leaves{}
	for _, one := range p.Flat() {
		if raw, err := (sweep.Point{one}).MarshalJSON(); err == nil {
			out[one.Name] = valueIn(raw)
		}
	}
	return out
}

// valueIn is the value of an object with one key.
func valueIn(object json.RawMessage) json.RawMessage {
	var m map[string]json.RawMessage
	_ = json.Unmarshal(object, &m) // it was written a moment ago
	for _, v := range m {
		return v
	}
	return nil
}

// leavesOfSpec is the keys of a spec; nil: it is not there.
func leavesOfSpec(text json.RawMessage) leaves {
	if len(text) == 0 {
		return nil
	}
	out := leaves{}
	out.add("", text)
	return out
}

func (l leaves) add(path string, text json.RawMessage) {
	var m map[string]json.RawMessage
	if json.Unmarshal(text, &m) != nil || len(m) == 0 || m == nil {
		var tidy bytes.Buffer
		if json.Compact(&tidy, text) == nil {
			l[path] = tidy.Bytes()
		}
		return
	}
	for key, value := range m {
		if path != "" {
			key = path + "." + key
		}
		l.add(key, value)
	}
}

// differing is the paths that have not the same value everywhere, and how many others there are. Who has no leaves at
// all differs in none.
func differing(all []leaves) (rows []Row, same int) {
	rows = []Row{}
	paths := map[string]bool{}
	for _, l := range all {
		for path := range l {
			paths[path] = true
		}
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		row := Row{path, make([]json.RawMessage, len(all))}
		first, differs := -1, false
		for i, l := range all {
			if l == nil {
				continue
			}
			if first < 0 {
				first = i
			}
			differs = differs || !bytes.Equal(l[path], all[first][path])
			row.Values[i] = shown(l[path])
		}
		if !differs {
			same++
			continue
		}
		rows = append(rows, row)
	}
	return rows, same
}

// shown is a value, or of a long one the beginning as a text.
func shown(value json.RawMessage) json.RawMessage {
	if len(value) <= longestLeaf {
		return value
	}
	cut, err := json.Marshal(strings.ToValidUTF8(string(value[:longestLeaf]), "") + "…")
	if err != nil {
		return nil
	}
	return cut
}
