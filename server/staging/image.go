package staging

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/server/fault"
)

// imageFile, in a sweep's state folder, is what the image said of itself when the sweep began: a tag may move
// before a resume, and trials of one sweep should not differ by that.
const imageFile = "image.json"

// Image learns what the spec's image runs by itself, and as which user.
func (s *Stage) Image(ctx context.Context) (task.Image, error) {
	c := s.Spec.Task.Container
	if c == nil {
		return task.Image{}, nil
	}
	if s.Place.Pods && !s.Spec.Command.OfImage() {
		return task.Image{}, nil // pods say who trials run as, whatever the image says
	}
	if image, known, err := KeptImage(s.Folder); known || err != nil {
		return image, err
	}
	image, err := s.inspect(ctx)
	if err != nil {
		if s.Spec.Command.OfImage() {
			return task.Image{}, fault.Usage(fmt.Errorf("image %s: its ENTRYPOINT and CMD are to run, and they "+
				"cannot be "+
				"looked up from here (%w): "+
				"write `command:`, or bring the image to this machine's Docker engine", c.Image, err))
		}
		if c.User == "" {
			s.Warn(fmt.Sprintf("image %s cannot be looked into from here (%v): trials run as root in it; "+
				"`task.user` says otherwise", c.Image, err))
		}
		return task.Image{}, nil
	}
	if s.Spec.Command.OfImage() && len(image.Entrypoint)+len(image.Cmd) == 0 {
		return task.Image{}, fault.Usage(fmt.Errorf("image %s has neither ENTRYPOINT nor CMD: write `command:`",
			c.Image))
	}
	if s.Place.Pods {
		image.User = ""
	}
	data, err := json.Marshal(image)
	if err == nil {
		err = durable.Replace(filepath.Join(s.Folder, imageFile), data)
	}
	if err != nil {
		return task.Image{}, fmt.Errorf("keep what image %s says: %w", c.Image, err)
	}
	return task.Image(image), nil
}

// KeptImage is what the image of a sweep said of itself when the sweep began, by its state folder. Not known: nothing
// is kept there.
func KeptImage(folder string) (_ task.Image, known bool, err error) {
	data, err := os.ReadFile(filepath.Join(folder, imageFile))
	if err != nil {
		return task.Image{}, false, nil
	}
	var image docker.Image
	if err := json.Unmarshal(data, &image); err != nil {
		return task.Image{}, false,
			fault.Unreachable(fmt.Errorf("read %s, which says what the image runs: %w; remove it, and "+
				"the image is looked into again", filepath.Join(folder, imageFile), err))
	}
	return task.Image(image), true, nil
}

// inspect looks into the image by this machine's engine. Where trials run on this machine it pulls one that
// is missing.
func (s *Stage) inspect(ctx context.Context) (docker.Image, error) {
	engine, err := docker.Open(ctx)
	if err != nil {
		return docker.Image{}, err
	}
	defer engine.Close()
	c := s.Spec.Task.Container
	if s.Place.Local {
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
