package kubernetes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Waits says what keeps pods of a sweep from running now, the reason of most of them first; empty: nothing is known to. It is told before anything is given up.
func (c *Cluster) Waits(sweep string) string {
	label := labelValue(sweep)
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.mu.containers))
	c.mu.Unlock()
	type reason struct {
		pods int
		node string // of one of them
	}
	reasons := map[string]reason{}
	for _, x := range all {
		x.mu.Lock()
		why, of := x.mu.waits, x.mu.sweep
		x.mu.Unlock()
		if why == "" || of != label {
			continue
		}
		r := reasons[why]
		if r.pods++; r.node == "" || x.node.name < r.node {
			r.node = x.node.name
		}
		reasons[why] = r
	}
	if len(reasons) == 0 {
		return ""
	}
	words := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		if n := reasons[b].pods - reasons[a].pods; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	first := reasons[words[0]]
	text := fmt.Sprintf("%d pods wait on Kubernetes, one of them on node %s: %s", first.pods, first.node, words[0])
	if first.pods == 1 {
		text = fmt.Sprintf("a pod waits on Kubernetes, on node %s: %s", first.node, words[0])
	}
	if n := len(words) - 1; n > 0 {
		text += fmt.Sprintf(" (and others for %d more reasons)", n)
	}
	return text
}

// waits notes what keeps the pod from running; empty: nothing.
func (x *container) waits(why string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.mu.waits = why
}
