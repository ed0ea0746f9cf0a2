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

// Work is what the trials of a sweep do, but for what each one's order says: its command, environment, parameters and
// seed. It is hashed as JSON: fields may be added with omitempty, not renamed.
type Work struct {
	Version int    `json:"version"`
	Image   string `json:"image,omitempty"` // by its content, if that is known here
	User    string `json:"user,omitempty"`
	Network string `json:"network,omitempty"`
	// by their paths: what is there is not known, and taken to stay the same
	Volumes []sweep.Volume `json:"volumes,omitempty"`
	Code    string         `json:"code,omitempty"` // content of the folder that trials start with, or in
	Dir     string         `json:"dir,omitempty"`  // below it
	// programs and other files of this machine that the command names, by content
	Files      [][2]string `json:"files,omitempty"`
	Inputs     []workInput `json:"inputs,omitempty"`
	Secrets    []string    `json:"secrets,omitempty"` // names
	Metrics    []string    `json:"metrics,omitempty"` // that are read from what trials print
	Filters    []string    `json:"filters,omitempty"`
	Events     string      `json:"events,omitempty"`
	NoWandb    bool        `json:"no_wandb,omitempty"`
	NoMlflow   bool        `json:"no_mlflow,omitempty"`
	Prometheus string      `json:"prometheus,omitempty"`
	Artifacts  []string    `json:"artifacts,omitempty"`
	Winner     *workWinner `json:"winner,omitempty"` // of the sweep that this one follows
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

// workReader looks at what the work of a spec's trials depends on, part by part.
type workReader struct {
	spec   *sweep.Spec
	at     workplace
	known  contents
	work   Work
	doubts []string // what cannot be known here, for people
}

// workOf looks at all that the work of a spec's trials depends on. doubts are what cannot be known here, for people.
func workOf(
	ctx context.Context, spec *sweep.Spec, at workplace, winner *board.Winner,
) (w Work, doubts []string, err error) {
	r := workReader{spec: spec, at: at, known: contents{}, work: Work{Version: 1}}
	r.task()
	if winner != nil {
		r.work.Winner = &workWinner{winner.Params, winner.Seed, winner.Value.String()}
	}
	r.image(ctx)
	if err := r.code(); err != nil {
		return r.work, nil, err
	}
	if err := r.files(ctx); err != nil {
		return r.work, nil, err
	}
	if err := r.inputs(ctx); err != nil {
		return r.work, nil, err
	}
	return r.work, r.doubts, nil
}

func (r *workReader) doubt(format string, args ...any) {
	r.doubts = append(r.doubts, fmt.Sprintf(format, args...))
}

// task is what the spec alone says.
func (r *workReader) task() {
	t, w := &r.spec.Task, &r.work
	w.Dir, w.Secrets, w.Filters, w.Events = t.Dir, slices.Sorted(slices.Values(t.Secrets)), t.Filters, t.Events
	w.NoWandb, w.NoMlflow, w.Prometheus, w.Artifacts = t.NoWandb, t.NoMlflow, t.Prometheus, r.spec.Artifacts.Files
	for _, m := range append([]sweep.Metric{r.spec.Objective}, r.spec.Metrics...) {
		if m.Name != "" && !slices.Contains(w.Metrics, m.Name) {
			w.Metrics = append(w.Metrics, m.Name)
		}
	}
	slices.Sort(w.Metrics)
}

// image is the container that trials run in.
func (r *workReader) image(ctx context.Context) {
	c := r.spec.Task.Container
	if c == nil {
		return
	}
	r.work.User, r.work.Network, r.work.Volumes = c.User, c.Network, c.Volumes
	for i, v := range c.Volumes {
		r.doubt("task.volumes.%d: %s of the agents is known by its path alone, as what is there may change: "+
			"change a variable in `task.env` when it has", i, v.Host)
	}
	var known bool
	if r.work.Image, known = imageContent(ctx, c.Image); !known {
		r.doubt("image %s is known by its name alone: write it with @sha256:…, as a name may come to mean another",
			c.Image)
	}
}

// code is the folder that trials start with, or in.
func (r *workReader) code() error {
	t, folder := &r.spec.Task, ""
	switch {
	case t.Code != "":
		folder = filepath.Join(r.spec.Folder(), filepath.FromSlash(t.Code))
	case t.Container == nil:
		folder = r.at.folder
	}
	if folder == "" {
		return nil
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	file, err := filepath.Abs(r.spec.File)
	if err != nil {
		return err
	}
	skip := []string{file}
	for _, path := range r.at.skip {
		if path == "" {
			continue
		}
		if path, err = filepath.Abs(path); err != nil {
			return err
		}
		skip = append(skip, path)
	}
	for _, own := range []string{"kaon-results", "kaon-state"} {
		skip = append(skip, filepath.Join(folder, own))
	}
	if r.work.Code, err = archive.Digest(folder, skip...); err != nil {
		return fmt.Errorf("cache: the files that trials start among are part of what they do: %w: name them by "+
			"`task.code`, or what is none of them in .kaonignore", err)
	}
	return nil
}

// files are those of this machine that the command names, where trials run on it.
func (r *workReader) files(ctx context.Context) error {
	if r.spec.Task.Container != nil || r.at.folder == "" {
		return nil
	}
	named, doubts, err := r.known.named(ctx, r.spec.Command)
	if err != nil {
		return err
	}
	r.work.Files, r.doubts = named, append(r.doubts, doubts...)
	return nil
}

// inputs are what task.fetch brings.
func (r *workReader) inputs(ctx context.Context) error {
	for i, f := range r.spec.Task.Fetch {
		in := workInput{URL: f.URL, SHA256: f.SHA256, To: f.To, Unpack: f.Unpack}
		if u, bad := f.Address(); in.SHA256 == "" && bad == nil && u.Scheme == "" {
			var err error
			if in.SHA256, err = r.known.of(ctx, filepath.Join(r.spec.Folder(), filepath.FromSlash(f.URL))); err != nil {
				return f.Problem(err.Error(), "")
			}
		}
		if in.SHA256 == "" {
			r.doubt("task.fetch.%d: %s is known by its address alone: add `sha256`", i, f.URL)
		}
		r.work.Inputs = append(r.work.Inputs, in)
	}
	return nil
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
