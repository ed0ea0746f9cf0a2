package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// reflector lists the objects of one kind and watches them from there. Its methods are called by run's goroutine.
type reflector[T any] struct {
	api   *API
	path  string
	query url.Values
	log   *slog.Logger
	meta  func(*T) *meta
	// replace is called with all objects, by a list, and change with one that came, changed or went.
	replace func([]*T)
	change  func(object *T, gone bool)

	version string
}

const (
	page       = 500
	watchTime  = 5 * time.Minute // then the watch is taken up again where it was
	watchSlack = time.Minute     // a watch that says nothing so long beyond that is dead
)

// list gets all objects, by pages.
func (r *reflector[T]) list(ctx context.Context) error {
	var all []*T
	query := url.Values{"limit": {strconv.Itoa(page)}}
	for name, v := range r.query {
		query[name] = v
	}
	for again := 0; ; {
		var got struct {
			Metadata struct {
				ResourceVersion string
				Continue        string
			}
			Items []*T
		}
		err := r.api.call(ctx, http.MethodGet, r.path, query, nil, &got)
		if code(err) == http.StatusGone && query.Has("continue") && again < 3 { // the list took too long
			again++
			all = nil
			query.Del("continue")
			continue
		}
		if err != nil {
			return err
		}
		all = append(all, got.Items...)
		if got.Metadata.Continue == "" {
			r.version = got.Metadata.ResourceVersion
			r.replace(all)
			return nil
		}
		query.Set("continue", got.Metadata.Continue)
	}
}

// Watch tells of all objects of one kind that there are at a path, then of each that comes, changes or goes, from a
// goroutine that ends with ctx. T is what is read of them, version their metadata.resourceVersion, key what is one's
// own of each. The error is that of the first list.
func Watch[T any](
	ctx context.Context, a *API, path string, query url.Values, version, key func(*T) string,
	take func(object *T, gone bool),
) error {
	known := map[string]*T{}
	r := &reflector[T]{api: a, path: path, query: query, log: slog.New(slog.DiscardHandler), meta: func(o *T) *meta {
		return &meta{ResourceVersion: version(o)}
	}}
	r.change = func(o *T, gone bool) {
		if known[key(o)] = o; gone {
			delete(known, key(o))
		}
		take(o, gone)
	}
	r.replace = func(all []*T) {
		was := known
		known = map[string]*T{}
		for _, o := range all {
			delete(was, key(o))
			r.change(o, false)
		}
		for _, o := range was {
			take(o, true)
		}
	}
	if err := r.list(ctx); err != nil {
		return err
	}
	crash.Go(func() { r.run(ctx) })
	return nil
}

// run watches until ctx ends. list must have been called.
func (r *reflector[T]) run(ctx context.Context) {
	for try := 0; ctx.Err() == nil; {
		began := time.Now()
		err := r.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil || time.Since(began) > time.Minute {
			try = 0
		}
		if err == nil {
			// whoever ends watches at once is asked no more often
			if time.Since(began) < time.Second && !timer.Sleep(ctx, time.Second) {
				return
			}
			continue
		}
		if code(err) == http.StatusGone {
			err = r.list(ctx)
		}
		if err == nil {
			continue
		}
		r.log.Warn("watch broken", "path", r.path, "err", err)
		_, wait := passing(err, min(try, 8))
		try++
		timer.Sleep(ctx, max(wait, 100*time.Millisecond))
	}
}

// watch takes changes from the last known version on. nil: the server ended it in good order.
func (r *reflector[T]) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	query := url.Values{
		"watch": {"1"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {r.version},
		"timeoutSeconds": {strconv.Itoa(int(watchTime / time.Second))},
	}
	for name, v := range r.query {
		query[name] = v
	}
	resp, err := r.api.open(ctx, r.api.client, http.MethodGet, r.path, query, "", nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	dead := time.AfterFunc(watchTime+watchSlack, crash.Func(cancel))
	defer dead.Stop()
	for in := json.NewDecoder(resp.Body); ; {
		var e struct {
			Type   string
			Object json.RawMessage
		}
		if err := in.Decode(&e); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("watch: %w", err)
		}
		dead.Reset(watchTime + watchSlack)
		if e.Type == "ERROR" {
			s := &StatusError{}
			if err := json.Unmarshal(e.Object, s); err != nil {
				return err
			}
			return s
		}
		object := new(T)
		if err := json.Unmarshal(e.Object, object); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		r.version = r.meta(object).ResourceVersion
		if e.Type != "BOOKMARK" {
			r.change(object, e.Type == "DELETED")
		}
	}
}

// nodes reflects the nodes that a configuration names.
func (c *Config) nodes(api *API) *reflector[nodeObject] {
	r := &reflector[nodeObject]{api: api, path: "/api/v1/nodes", query: url.Values{}, log: c.Log,
		meta: func(n *nodeObject) *meta { return &n.Metadata }}
	if c.Nodes != "" {
		r.query.Set("labelSelector", c.Nodes)
	}
	return r
}
