package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Missing is what a spec asks for that is not there now on this machine: its folder of code, files that it
// fetches from beside it, and secrets.
func Missing(spec *sweep.Spec) (found []*sweep.Error) {
	if e := noCode(spec); e != nil {
		found = append(found, e.(*sweep.Error))
	}
	for _, f := range spec.Task.Fetch {
		if strings.Contains(f.URL, "://") {
			continue
		}
		file := filepath.Join(spec.Folder(), filepath.FromSlash(f.URL))
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			found = append(found, f.Problem("there is no "+file, "write its path relative to this spec, or make it"))
		}
	}
	for _, name := range spec.Task.Secrets {
		if _, set := os.LookupEnv(name); !set {
			found = append(found, noSecret(spec, name))
		}
	}
	return found
}

// noCode refuses a folder of code that is not there.
func noCode(spec *sweep.Spec) error {
	if spec.Task.Code == "" {
		return nil
	}
	folder := filepath.Join(spec.Folder(), filepath.FromSlash(spec.Task.Code))
	switch info, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return spec.Task.Problem("code", "there is no folder "+folder,
			"make it, or write the path of one that is there, relative to this spec: `.` is the spec's own")
	case err == nil && !info.IsDir():
		return spec.Task.Problem("code", folder+" is no folder",
			"write the path of the folder that it is in, relative to this spec: `.` is the spec's own")
	}
	return nil
}

func noSecret(spec *sweep.Spec, name string) *sweep.Error {
	return spec.Task.Problem("secrets."+name, name+" is not set in this environment",
		fmt.Sprintf("set it and run again, as in `export %s=…`", name))
}
