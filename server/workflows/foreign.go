package workflows

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/workflow/steps"
)

// foreign is a folder of which somebody's runs may read files.
type foreign struct{ within string }

// admit refuses what a step would do in this process, beside its user's own things: programs, requests to where only
// this machine gets, files, secrets. What runs on the cluster may what trials may.
func (f foreign) admit(c *steps.Call, about steps.Description) error {
	if len(c.Secrets) > 0 {
		return fmt.Errorf("secrets: %s: they are taken from the server's environment, for callers on its machine alone",
			strings.Join(c.Secrets, ", "))
	}
	own := func(what string) error {
		return fmt.Errorf("%s: the server does this itself, for callers on its machine alone: have a `command` "+
			"step do it, on the cluster", what)
	}
	switch {
	case about.Name == "wait" && c.Keys["url"] != nil:
		return own("wait: url")
	case about.Name == "notify" && c.Keys["url"] != nil:
		return own("notify: url")
	case about.Name == "wait", about.Name == "notify", about.Name == "workflow", about.Name == "sweep",
		about.Name == "signal":
	case about.Light:
		return own("type " + about.Name)
	}
	return f.mayRead(c)
}

// mayRead refuses names of files that lead out of the folder, also by links.
func (f foreign) mayRead(c *steps.Call) error {
	name, ok := c.Keys["file"].(string)
	if !ok || name == "" {
		return nil
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(c.File), path)
	}
	rel, err := filepath.Rel(f.within, path)
	if err != nil || !filepath.IsLocal(rel) || strings.Contains(name, "://") {
		return fmt.Errorf("file: %s leads out of the uploaded folder", name)
	}
	root, err := os.OpenRoot(f.within)
	if err != nil {
		return err
	}
	defer root.Close()
	if _, err := root.Stat(rel); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("file: %s: %w", name, err)
	}
	return nil
}
