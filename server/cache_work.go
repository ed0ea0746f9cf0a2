package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/sweep"
)

// Work is what the trials of a sweep do, but for what each one's order says: its command, environment, parameters and seed. It
// is hashed as JSON: fields may be added with omitempty, not renamed.
type Work struct {
	Version    int            `json:"version"`
	Image      string         `json:"image,omitempty"` // by its content, if that is known here
	User       string         `json:"user,omitempty"`
	Network    string         `json:"network,omitempty"`
	Volumes    []sweep.Volume `json:"volumes,omitempty"` // by their paths: what is there is not known, and taken to stay the same
	Code       string         `json:"code,omitempty"`    // content of the folder that trials start with, or in
	Dir        string         `json:"dir,omitempty"`     // below it
	Files      [][2]string    `json:"files,omitempty"`   // programs and other files of this machine that the command names, by content
	Inputs     []workInput    `json:"inputs,omitempty"`
	Secrets    []string       `json:"secrets,omitempty"` // names
	Metrics    []string       `json:"metrics,omitempty"` // that are read from what trials print
	Filters    []string       `json:"filters,omitempty"`
	Events     string         `json:"events,omitempty"`
	NoWandb    bool           `json:"no_wandb,omitempty"`
	NoMlflow   bool           `json:"no_mlflow,omitempty"`
	Prometheus string         `json:"prometheus,omitempty"`
	Artifacts  []string       `json:"artifacts,omitempty"`
	Winner     *workWinner    `json:"winner,omitempty"` // of the sweep that this one follows
}

type workInput struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256,omitempty"` // empty: what is there is not known, and taken to stay the same
	To     string `json:"to,omitempty"`
	Unpack bool   `json:"unpack,omitempty"`
}

type workWinner struct {
	Params json.RawMessage `json:"params"`
	Seed   uint64          `json:"seed"`
	Value  string          `json:"value"`
}

// workplace is where trials run, as far as their work depends on it.
type workplace struct {
	folder string   // that they start in on this machine; empty: none
	skip   []string // of it, what kaon itself writes
}

// workOf looks at all that the work of a spec's trials depends on. doubts are what cannot be known here, for people.
func workOf(ctx context.Context, spec *sweep.Spec, at workplace, winner *board.Winner) (w Work, doubts []string, err error) {
	t := &spec.Task
	w = Work{Version: 1, Dir: t.Dir, Secrets: slices.Sorted(slices.Values(t.Secrets)), Filters: t.Filters, Events: t.Events,
		NoWandb: t.NoWandb, NoMlflow: t.NoMlflow, Prometheus: t.Prometheus, Artifacts: spec.Artifacts.Files}
	for _, m := range append([]sweep.Metric{spec.Objective}, spec.Metrics...) {
		if m.Name != "" && !slices.Contains(w.Metrics, m.Name) {
			w.Metrics = append(w.Metrics, m.Name)
		}
	}
	slices.Sort(w.Metrics)
	if winner != nil {
		w.Winner = &workWinner{winner.Params, winner.Seed, winner.Value.String()}
	}
	if c := t.Container; c != nil {
		w.User, w.Network, w.Volumes = c.User, c.Network, c.Volumes
		for i, v := range c.Volumes {
			doubts = append(doubts, fmt.Sprintf("task.volumes.%d: %s of the agents is known by its path alone, as what is there may change: "+
				"change a variable in `task.env` when it has", i, v.Host))
		}
		var known bool
		if w.Image, known = imageContent(ctx, c.Image); !known {
			doubts = append(doubts, fmt.Sprintf("image %s is known by its name alone: write it with @sha256:…, as a name may come to "+
				"mean another", c.Image))
		}
	}
	file, err := filepath.Abs(spec.File)
	if err != nil {
		return w, nil, err
	}
	folder := ""
	switch {
	case t.Code != "":
		folder = filepath.Join(spec.Folder(), filepath.FromSlash(t.Code))
	case t.Container == nil:
		folder = at.folder
	}
	if folder != "" {
		if folder, err = filepath.Abs(folder); err != nil {
			return w, nil, err
		}
		skip := []string{file}
		for _, path := range at.skip {
			if path == "" {
				continue
			}
			if path, err = filepath.Abs(path); err != nil {
				return w, nil, err
			}
			skip = append(skip, path)
		}
		for _, own := range []string{"kaon-results", "kaon-state"} {
			skip = append(skip, filepath.Join(folder, own))
		}
		if w.Code, err = archive.Digest(folder, skip...); err != nil {
			return w, nil, fmt.Errorf("cache: the files that trials start among are part of what they do: %w: name them by "+
				"`task.code`, or what is none of them in .kaonignore", err)
		}
	}
	known := contents{}
	if t.Container == nil && at.folder != "" {
		var more []string
		if w.Files, more, err = known.named(ctx, spec.Command); err != nil {
			return w, nil, err
		}
		doubts = append(doubts, more...)
	}
	for i, f := range t.Fetch {
		in := workInput{URL: f.URL, SHA256: f.SHA256, To: f.To, Unpack: f.Unpack}
		if u, bad := f.Address(); in.SHA256 == "" && bad == nil && u.Scheme == "" {
			if in.SHA256, err = known.of(ctx, filepath.Join(spec.Folder(), filepath.FromSlash(f.URL))); err != nil {
				return w, nil, f.Problem(err.Error(), "")
			}
		}
		if in.SHA256 == "" {
			doubts = append(doubts, fmt.Sprintf("task.fetch.%d: %s is known by its address alone: add `sha256`", i, f.URL))
		}
		w.Inputs = append(w.Inputs, in)
	}
	return w, doubts, nil
}

// key is the work's name.
func (w Work) key() (string, error) {
	text, err := json.Marshal(w)
	if err != nil {
		return "", err
	}
	const kept = 20 // bytes
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:kept]), nil
}

// imageContent is an image by its content: the digest in its name, or what this machine's engine knows it by.
func imageContent(ctx context.Context, name string) (content string, known bool) {
	if _, digest, pinned := strings.Cut(name, "@"); pinned {
		return digest, true
	}
	engine, err := docker.Open(ctx)
	if err != nil {
		return name, false
	}
	defer engine.Close()
	id, err := engine.ImageID(ctx, name)
	if err != nil {
		return name, false
	}
	return id, true
}
