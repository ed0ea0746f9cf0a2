package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Leftover is a pod of kaon's that is there.
type Leftover struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Node      string `json:"node"`
	Sweep     string `json:"sweep"` // of its first task
	// the state folder that it was made from, by the name in its file kubernetes/owner
	Owner   string    `json:"owner"`
	Phase   string    `json:"phase"`
	Created time.Time `json:"created"`

	pod *pod
}

// Leftovers are the pods of kaon's in a cluster, whoever made them.
type Leftovers struct {
	Found []Leftover
	api   *API
}

// FindLeftovers lists what kaon has made in the namespace of a configuration, or in all of them, and is still there:
// what carries both of its labels. conf.Labels have to be there, too.
func FindLeftovers(ctx context.Context, conf Config, everywhere bool) (*Leftovers, error) {
	account, err := FindAccount(conf.Kubeconfig, conf.Context)
	if err != nil {
		return nil, err
	}
	api, err := NewAPI(account)
	if err != nil {
		return nil, err
	}
	l := &Leftovers{api: api}
	path, where := podsPath(cmp.Or(conf.Namespace, account.Namespace)),
		"namespace "+cmp.Or(conf.Namespace, account.Namespace)
	if everywhere {
		path, where = "/api/v1/pods", "all namespaces"
	}
	labels := []string{managedBy + "=kaon", labelOwner}
	for _, name := range slices.Sorted(maps.Keys(conf.Labels)) {
		labels = append(labels, name+"="+conf.Labels[name])
	}
	r := &reflector[pod]{api: api, path: path, query: url.Values{"labelSelector": {strings.Join(labels, ",")}},
		log:  slog.New(slog.DiscardHandler),
		meta: func(p *pod) *meta { return &p.Metadata }}
	r.replace = func(all []*pod) {
		for _, p := range all {
			// whatever an API server makes of selectors
			if p.Metadata.Labels[managedBy] == "kaon" && p.Metadata.Labels[labelOwner] != "" &&
				p.Metadata.has(conf.Labels) {
				m := p.Metadata
				l.Found = append(l.Found, Leftover{
					Namespace: m.Namespace, Pod: m.Name, Node: p.node(), Phase: p.Status.Phase, Created: m.Created,
					Sweep: m.Labels[labelSweep], Owner: m.Labels[labelOwner], pod: p,
				})
			}
		}
	}
	if err := r.list(ctx); err != nil {
		api.Close()
		return nil, fmt.Errorf("list the pods of %s: %w", where, remedy(err))
	}
	slices.SortFunc(l.Found, func(a, b Leftover) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), a.Created.Compare(b.Created),
			strings.Compare(a.Pod, b.Pod))
	})
	return l, nil
}

// Remove deletes a pod, unless another has its name by now, and lets it go: nobody will write down how it ended.
func (l *Leftovers) Remove(ctx context.Context, of Leftover) error {
	if err := l.api.remove(ctx, of.pod, 1); err != nil {
		return fmt.Errorf("delete pod %s: %w", of.Pod, remedy(err))
	}
	if err := l.api.release(ctx, of.pod); err != nil {
		return fmt.Errorf("take the finalizer off pod %s: %w", of.Pod, remedy(err))
	}
	return nil
}

// Close ends the connections to the API server.
func (l *Leftovers) Close() { l.api.Close() }
