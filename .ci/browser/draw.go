package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// drawn writes the documentation's pictures: six views, in light and in dark.
func (w *walk) drawn(context.Context) error {
	if w.pictures == "" {
		return nil
	}
	s := "/sweeps/" + w.sweep
	for _, view := range []struct {
		name, path string
		height     int
	}{
		{"ui-sweep", s, 1700}, {"ui-parameters", s + "/parameters", 1000},
		{"ui-trial", fmt.Sprintf("%s/trials/%d", s, w.best), 1000},
		{"ui-compare", fmt.Sprintf("/compare?of=%s/%d,%s/0,%s/1", w.sweep, w.best, w.sweep, w.sweep), 900},
		{"ui-cluster", "/cluster?minutes=5", 700}, {"ui-registered", "/registered/" + flowName, 1500},
	} {
		for _, scheme := range []string{"light", "dark"} {
			if err := errors.Join(w.size(1280, view.height, false), w.colours(scheme)); err != nil {
				return err
			}
			if _, err := w.visit(view.path); err != nil {
				return err
			}
			name := view.name
			if scheme == "dark" {
				name += "-dark"
			}
			file := filepath.Join(w.pictures, name+".png")
			if err := errors.Join(w.shot(file, false), fewColours(file)); err != nil {
				return err
			}
			info, err := os.Stat(file)
			if err != nil {
				return err
			}
			fmt.Printf("%s: %d kB\n", file, info.Size()/1000)
		}
	}
	return nil
}
