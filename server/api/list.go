package api

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
)

type listSweepsInput struct {
	Paging
	State []string `query:"state" enum:"running,ending,selecting,following,succeeded,failed,stopped,interrupted" doc:"Only in these states; running stands for all that have not ended."`
	Owner string   `query:"owner" doc:"Only of this submitter."`
	Label []string `query:"label" doc:"Only with all of these labels."`
	Queue string   `query:"queue" doc:"Only in this queue, and those below it."`
	Text  string   `query:"text" doc:"Only with this in id, name, owner or labels."`

	Archived bool `query:"archived" doc:"Those that are archived, too."`
}

func (in *listSweepsInput) wants(s Sweep) bool {
	running := !s.Over()
	if s.Archived != "" && !in.Archived && !running { // what was run again is seen
		return false
	}
	if len(in.State) > 0 && !slices.Contains(in.State, s.State) && !(running && slices.Contains(in.State, "running")) {
		return false
	}
	if in.Owner != "" && in.Owner != s.Owner {
		return false
	}
	if in.Queue != "" && !fairness.Above(in.Queue, s.Queue) {
		return false
	}
	for _, label := range in.Label {
		if !slices.Contains(s.Labels, label) {
			return false
		}
	}
	return in.Text == "" || slices.ContainsFunc(append([]string{s.ID, s.Name, s.Owner}, s.Labels...),
		func(text string) bool {
			return strings.Contains(strings.ToLower(text), strings.ToLower(in.Text))
		})
}

// Stored is every sweep of some results, the newest first, as far as they tell, and what of them is damaged: those
// whose sweep.json is are left out, and of those whose board.json is there are no counts. They may lie anywhere; no
// server is asked.
func Stored(ctx context.Context, b bucket.Bucket) (list []Sweep, damaged []error, err error) {
	c := newCatalog(b, nil)
	c.damaged = func(id string, err error) { damaged = append(damaged, fmt.Errorf("%w; %s", err, remedy(id, err))) }
	known, err := c.all(ctx)
	if err != nil {
		return nil, nil, err
	}
	rows := make([]row, 0, len(known))
	for _, s := range known {
		rows = append(rows, row{stored: s, created: s.created()})
	}
	newest(rows)
	list = make([]Sweep, len(rows))
	for i, r := range rows {
		list[i] = ended(r.stored)
	}
	return list, damaged, nil
}

// Filter leaves those of a list that the query of list-sweeps wants.
func Filter(list []Sweep, query url.Values) []Sweep {
	in := listSweepsInput{State: query["state"], Owner: query.Get("owner"), Label: query["label"],
		Queue: query.Get("queue"), Text: query.Get("text"), Archived: query.Get("archived") == "true"}
	return slices.DeleteFunc(list, func(s Sweep) bool { return !in.wants(s) })
}

// newest orders sweeps by when they were created, the last first.
func newest(list []row) {
	slices.SortFunc(list, func(a, b row) int {
		return cmp.Or(b.created.Compare(a.created), strings.Compare(a.stored.ID, b.stored.ID))
	})
}
