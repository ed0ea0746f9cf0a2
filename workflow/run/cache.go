package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

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
func (r *Run) cacheFile(step *workflow.Step, c *steps.Call) (string, error) {
	if step.Cache == nil {
		return "", nil
	}
	var spec []byte
	if c.Spec != nil {
		filled, err := c.Fill(c.Spec)
		if err != nil {
			return "", err
		}
		spec = steps.Flow(filled)
	}
	var winner any
	if w := c.Winner; w != nil {
		winner = []any{w.Params, w.Value, w.Seed}
	}
	work, err := json.Marshal(map[string]any{
		"version": 1, "type": step.Type, "folder": filepath.Dir(c.File), "keys": c.Keys, "script": c.Script, "spec": string(spec),
		"inputs": c.Inputs, "env": c.Env, "secrets": c.Secrets, "resources": steps.ValueOf(c.Resources), "artifacts": c.Artifacts, "winner": winner,
		"files": hashes(filepath.Dir(c.File), words(nil, []any{c.Keys, c.Script.Shell, anyOf(c.Script.Words), c.Inputs, string(spec)})),
	})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(work)
	folder := filepath.Join(r.cfg.Folder, cacheFolder, "global")
	switch step.Cache.Scope {
	case workflow.CacheRun:
		folder = filepath.Join(r.folder, "cache")
	case workflow.CacheWorkflow:
		name := sha256.Sum256([]byte(r.header.Name))
		folder = filepath.Join(r.cfg.Folder, cacheFolder, hex.EncodeToString(name[:8]))
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

// words are all that could be names of files.
func words(to []string, v any) []string {
	switch v := v.(type) {
	case string:
		return append(to, strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" \t\n\"'`;|&<>(){}[],=", r) })...)
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

// hashes are those of the files that are named: of the programs, scripts and data of the work, as far as they stand in its keys.
func hashes(folder string, names []string) map[string]string {
	all := map[string]string{}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		h := sha256.New()
		if _, err := io.Copy(h, f); err == nil {
			all[name] = hex.EncodeToString(h.Sum(nil))
		}
		_ = f.Close() // it was read
	}
	return all
}

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

// writeCache keeps what an attempt has left. That it cannot costs only the work of doing it again.
func writeCache(file, id string, result steps.Result) error {
	data, err := json.Marshal(cached{id, time.Now().UnixMilli(), result.Outputs, result.Winner, result.Artifacts})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
