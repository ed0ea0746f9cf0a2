package mlflow

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

func (t *Tracking) searchRuns(r *request, _ string) (any, *problem) {
	f, bad := parseFilter(r.Filter)
	if bad != nil {
		return nil, bad
	}
	var found []*run
	for _, one := range t.runs {
		if slices.Contains(r.ExperimentIDs, one.info.Experiment) && inView(one.info.Stage, r.RunViewType) &&
			f.holds(one.look) {
			found = append(found, one)
		}
	}
	slices.Reverse(found) // the newest first
	orders := texts(r.OrderBy)
	for _, by := range slices.Backward(orders) {
		sortBy(found, by)
	}
	const usual = 1000
	begin, _ := strconv.Atoi(r.PageToken)
	begin = max(0, min(begin, len(found)))
	end := len(found)
	if most := cmp.Or(int(r.MaxResults), usual); most > 0 && begin+most < end && begin+most > 0 {
		end = begin + most
	}
	answer := map[string]any{}
	all := []any{}
	for _, one := range found[begin:end] {
		all = append(all, one.told())
	}
	answer["runs"] = all
	if end < len(found) {
		answer["next_page_token"] = strconv.Itoa(end)
	}
	return answer, nil
}

// sortBy sorts by one of the search's orders; runs without such a value come last.
func sortBy(found []*run, by string) {
	by = strings.TrimSpace(by)
	down := false
	if name, ok := cutSuffixFold(by, " desc"); ok {
		by, down = name, true
	} else if name, ok := cutSuffixFold(by, " asc"); ok {
		by = name
	}
	kind, key := field(strings.TrimSpace(by))
	slices.SortStableFunc(found, func(a, b *run) int {
		x, xok := a.look(kind, key)
		y, yok := b.look(kind, key)
		if !xok || !yok {
			return cmp.Compare(b2i(!xok), b2i(!yok))
		}
		order := 0
		if s, ok := x.(string); ok {
			order = strings.Compare(s, y.(string))
		} else {
			order = cmp.Compare(x.(float64), y.(float64))
		}
		if down {
			return -order
		}
		return order
	})
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if at := len(s) - len(suffix); at >= 0 && strings.EqualFold(s[at:], suffix) {
		return s[:at], true
	}
	return s, false
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
