package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// cached is what a step has left, to stand for the same work later. Stored: fields may be added, not renamed.
type cached struct {
	ID        string         `json:"id"` // of the attempt that did it
	At        int64          `json:"at"` // milliseconds since 1970
	Outputs   map[string]any `json:"outputs,omitempty"`
	Winner    map[string]any `json:"winner,omitempty"`
	Artifacts map[string]any `json:"artifacts,omitempty"`
}

// cacheFolder, among the runs, holds what runs leave for others.
const cacheFolder = ".cache"

// cacheFile is where an attempt's work is looked for, by all that it depends on; empty: it is not.
func (r *Run) cacheFile(ctx context.Context, step *workflow.Step, c *steps.Call) (string, error) {
	if step.Cache == nil {
		return "", nil
	}
	var spec []byte
	if c.Spec != nil {
		spec = steps.Flow(c.Spec)
	}
	var winner any
	if w := c.Winner; w != nil {
		winner = []any{w.Params, w.Value, w.Seed}
	}
	named := words(nil, []any{c.Keys, c.Script.Shell, anyOf(c.Script.Words), c.Script.Values, c.Inputs, string(spec)})
	for _, value := range c.Env {
		named = words(named, value)
	}
	for _, f := range c.Fetch {
		named = append(named, f.URL)
	}
	files, err := r.sums.of(ctx, r.header.Within, filepath.Dir(c.File), named)
	if err != nil {
		return "", err
	}
	work, err := json.Marshal(map[string]any{
		"version": 1, "type": step.Type, "folder": filepath.Dir(c.File), "keys": r.secret.mapping(c.Keys),
		"script": c.Script, "spec": string(spec),
		"inputs": c.Inputs, "env": c.Env, "secrets": c.Secrets, "resources": steps.ValueOf(c.Resources),
		"artifacts": c.Artifacts, "winner": winner,
		"fetch": c.Fetch, "files": files,
	})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(work)
	kept := filepath.Join(r.cfg.Folder, cacheFolder)
	if r.header.Within != "" { // what a stranger's programs have left is for nobody else
		name := sha256.Sum256([]byte(r.header.Owner))
		kept = filepath.Join(kept, "of-"+hex.EncodeToString(name[:8]))
	}
	folder := filepath.Join(kept, "global")
	switch step.Cache.Scope {
	case workflow.CacheRun:
		folder = filepath.Join(r.folder, "cache")
	case workflow.CacheWorkflow:
		name := sha256.Sum256([]byte(r.header.Name))
		folder = filepath.Join(kept, hex.EncodeToString(name[:8]))
	case workflow.CacheGlobal:
	}
	return filepath.Join(folder, hex.EncodeToString(sum[:])+".json"), nil
}

func anyOf(words []string) []any {
	all := make([]any, len(words))
	for i, w := range words {
		all[i] = w
	}
	return all
}

// longestName is of a path that a file may have, in bytes.
const longestName = 4096

// words are all that could be names of files: a text as a whole, what stands in quotes in it, and its words.
func words(to []string, v any) []string {
	switch v := v.(type) {
	case string:
		if len(v) <= longestName {
			to = append(to, v)
		}
		for _, between := range []string{"\n\"'`", " \t\n\"'`;|&<>(){}[],="} {
			for _, word := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(between, r) }) {
				if len(word) <= longestName {
					to = append(to, word)
				}
			}
		}
	case []any:
		for _, one := range v {
			to = words(to, one)
		}
	case map[string]any:
		for _, one := range v {
			to = words(to, one)
		}
	}
	return to
}

// sums are the hashes of files that were read, so that each is read once as long as it looks the same. Any goroutine
// may ask.
type sums struct {
	mu  sync.Mutex
	all map[string]sum // by path
}

func (s *sums) known(path string) (had sum, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	had, ok = s.all[path]
	return had, ok
}

func (s *sums) keep(path string, one sum) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]sum{}
	}
	s.all[path] = one
}

type sum struct {
	size int64
	at   time.Time // of its last change
	text string
}

// mostHashed is how much of a file is hashed. A larger one counts by its size and its time.
const mostHashed = 1 << 30

// of are the hashes of the files that are named: of the programs, scripts and data of the work, as far as they stand in
// its keys. Within is the one folder that may be read; empty: any. It fails when ctx ends.
func (s *sums) of(ctx context.Context, within, folder string, names []string) (map[string]string, error) {
	stat, open := os.Stat, os.Open
	if within != "" {
		root, err := os.OpenRoot(within)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		below := func(path string) string {
			if rel, err := filepath.Rel(within, path); err == nil {
				return rel
			}
			return path // which a root refuses
		}
		stat = func(path string) (os.FileInfo, error) { return root.Stat(below(path)) }
		open = func(path string) (*os.File, error) { return root.Open(below(path)) }
	}
	all := map[string]string{}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		info, err := stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if info.Size() > mostHashed {
			all[name] = fmt.Sprintf("%d bytes of %d", info.Size(), info.ModTime().UnixNano())
			continue
		}
		if had, ok := s.known(path); ok && had.size == info.Size() && had.at.Equal(info.ModTime()) {
			all[name] = had.text
			continue
		}
		f, err := open(path)
		if err != nil {
			continue
		}
		h := sha256.New()
		_, err = io.Copy(h, io.LimitReader(reading{ctx, f}, mostHashed)) // some files of the system have no end
		_ = f.Close()                                                    // it was read
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err == nil {
			all[name] = hex.EncodeToString(h.Sum(nil))
			if time.Since(info.ModTime()) > settled {
				s.keep(path, sum{info.Size(), info.ModTime(), all[name]})
			}
		}
	}
	return all, nil
}

// reading reads until a context ends.
type reading struct {
	ctx context.Context
	io.Reader
}

func (r reading) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

// settled is how old a file is at least of which its time tells whether it has changed: clocks of file systems are
// coarse.
const settled = 2 * time.Second

// readCache is what is known of the same work; nil: nothing, or it is too old.
func readCache(file string, age time.Duration) *cached {
	data, err := os.ReadFile(file)
	if file == "" || err != nil {
		return nil
	}
	c := new(cached)
	v, err := steps.Decode(data)
	if err != nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil || json.Unmarshal(text, c) != nil || age > 0 && time.Since(timeOf(c.At)) > age {
		return nil
	}
	return c
}

// files are those in the results that it points to. Somebody may have removed them, with the sweep that left them.
func (c *cached) files() (names []string) {
	for _, v := range c.Artifacts {
		if name, ok := v.(string); ok && steps.IsArtifact(name) {
			names = append(names, name)
		}
	}
	if w := steps.WinnerOf(c.Winner); w != nil {
		for _, f := range w.Files {
			names = append(names, w.Artifacts+f.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// writeCache keeps what an attempt has left. That it cannot costs only the work of doing it again.
func writeCache(file, id string, result steps.Result) error {
	data, err := json.Marshal(cached{id, time.Now().UnixMilli(), result.Outputs, result.Winner, result.Artifacts})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return durable.ReplaceUnsynced(file, data)
}
