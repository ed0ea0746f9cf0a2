package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// Version is a workflow as it was registered. Stored: fields may be added, not renamed; one that is there is never
// changed.
type Version struct {
	Version     int       `json:"version"` // from 1
	Hash        string    `json:"hash"`    // SHA-256 of its source, its place in its folder, and the folder, in hex
	Source      string    `json:"source"`
	File        string    `json:"file"`             // absolute
	Root        string    `json:"root"`             // the folder that came with it: absolute
	Folder      string    `json:"folder,omitempty"` // its id as an upload
	By          string    `json:"by"`               // who registered it
	Within      string    `json:"within,omitempty"` // of its runs, as in run.Origin
	Queue       string    `json:"queue,omitempty"`  // as Within
	Queues      *[]string `json:"queues,omitempty"` // as Within
	Created     int64     `json:"created"`          // milliseconds since 1970
	Description string    `json:"description,omitempty"`
	Owner       string    `json:"owner,omitempty"` // as the file says
	Tags        []string  `json:"tags,omitempty"`
	Requires    bool      `json:"requires,omitempty"` // as the workflow's
}

// names are those that workflows may be registered under: they are names of folders, and words of a shell.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// CheckName refuses what cannot be registered as a name.
func CheckName(name string) error {
	if !names.MatchString(name) {
		return fmt.Errorf("`%s` cannot be registered: a name there has letters, digits and _ - . and at most "+
			"100; give the file a `name:` of that kind", name)
	}
	return nil
}

// hash is of what a version is made of.
func (v *Version) hash(place string) string {
	sum := sha256.New()
	for _, part := range []string{"kaon workflow 1", place, v.Folder, v.Source} {
		fmt.Fprintf(sum, "%d\n%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Workflow reads the workflow of the version. The error says why this kaon cannot.
func (v *Version) Workflow() (*workflow.Workflow, error) {
	return run.Parse(v.File, []byte(v.Source), workflow.Accepted(v.Requires))
}

// origin is that of runs of the version for somebody: they may what both they and who registered the version may.
// Foreign: they may not read this machine's files.
func (v *Version) origin(name string, o run.Origin, foreign bool) run.Origin {
	o.Within = v.Within
	if foreign && o.Within == "" {
		o.Within = v.Root
	}
	if o.Queue == "" {
		o.Queue = v.Queue
	}
	o.Queues = narrower(o.Queues, v.Queues)
	o.Registered, o.Revision = name, v.Version
	return o
}

// narrower are the queues that both may submit into: each that is one of the other's, or below it.
func narrower(a, b *[]string) *[]string {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	both := []string{}
	add := func(one string) {
		if !slices.Contains(both, one) {
			both = append(both, one)
		}
	}
	for _, x := range *a {
		for _, y := range *b {
			switch {
			case fairness.Above(y, x):
				add(x)
			case fairness.Above(x, y):
				add(y)
			}
		}
	}
	return &both
}

// same tells whether two lists of queues allow the same, as far as they name the same.
func same(a, b *[]string) bool {
	if a == nil || b == nil {
		return a == b
	}
	missing := func(in []string) func(string) bool {
		return func(one string) bool { return !slices.Contains(in, one) }
	}
	return !slices.ContainsFunc(*a, missing(*b)) && !slices.ContainsFunc(*b, missing(*a))
}

func versionFile(folder string, number int) string {
	return filepath.Join(folder, "version-"+strconv.Itoa(number)+".json")
}

func readVersion(folder string, number int) (*Version, error) {
	var v Version
	return &v, readJSON(versionFile(folder, number), &v)
}

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		err = dec.Decode(into)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("read %s: %w", file, err)
	}
	return err
}

func writeJSON(file string, from any) error {
	text, err := json.Marshal(from)
	if err == nil {
		err = durable.Replace(file, append(text, '\n'))
	}
	return err
}
