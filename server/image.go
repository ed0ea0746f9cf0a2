package server

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// imageFile, in a sweep's state folder, is what the image said of itself when the sweep began: a tag may move
// before a resume, and trials of one sweep should not differ by that.
const imageFile = "image.json"

// needEngine makes sure, before anything starts, that this machine can run images.
func needEngine(ctx context.Context) error {
	engine, err := docker.Open(ctx)
	if err != nil {
		return unreachable(fmt.Errorf("the spec names an image (task.image): %w; or remove task.image to run on "+
			"the host", err))
	}
	_ = engine.Close()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	return needStatic(self)
}

// image learns what the spec's image runs by itself, and as which user.
func (s *staging) image(ctx context.Context) (task.Image, error) {
	c := s.spec.Task.Container
	if c == nil {
		return task.Image{}, nil
	}
	if s.cluster.pods && !s.spec.Command.OfImage() {
		return task.Image{}, nil // pods say who trials run as, whatever the image says
	}
	kept := filepath.Join(s.folder, imageFile)
	if data, err := os.ReadFile(kept); err == nil {
		var image docker.Image
		if err := json.Unmarshal(data, &image); err != nil {
			return task.Image{}, fmt.Errorf("read %s: %w", imageFile, err)
		}
		return task.Image(image), nil
	}
	image, err := s.inspect(ctx)
	if err != nil {
		if s.spec.Command.OfImage() {
			return task.Image{}, usage(fmt.Errorf("image %s: its ENTRYPOINT and CMD are to run, and they cannot be "+
				"looked up from here (%w): "+
				"write `command:`, or bring the image to this machine's Docker engine", c.Image, err))
		}
		if c.User == "" {
			s.notify(Warning, fmt.Sprintf("image %s cannot be looked into from here (%v): trials run as root in it; "+
				"`task.user` says otherwise", c.Image, err))
		}
		return task.Image{}, nil
	}
	if s.spec.Command.OfImage() && len(image.Entrypoint)+len(image.Cmd) == 0 {
		return task.Image{}, usage(fmt.Errorf("image %s has neither ENTRYPOINT nor CMD: write `command:`",
			c.Image))
	}
	if s.cluster.pods {
		image.User = ""
	}
	data, err := json.Marshal(image)
	if err == nil {
		err = os.WriteFile(kept, data, 0o600)
	}
	if err != nil {
		return task.Image{}, fmt.Errorf("keep what image %s says: %w", c.Image, err)
	}
	return task.Image(image), nil
}

// inspect looks into the image by this machine's engine. Where trials run on this machine it pulls one that
// is missing.
func (s *staging) inspect(ctx context.Context) (docker.Image, error) {
	engine, err := docker.Open(ctx)
	if err != nil {
		return docker.Image{}, err
	}
	defer engine.Close()
	c := s.spec.Task.Container
	if s.cluster.local {
		login, err := credentials(c)
		if err == nil {
			err = engine.Need(ctx, c.Image, false, login)
		}
		if err != nil {
			return docker.Image{}, err
		}
	}
	return engine.Image(ctx, c.Image)
}
