package executor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// found is an artifact.
type found struct {
	name string // below the folder of artifacts
	file string // below the attempt's folder, without links
	size int64
}

// maxEntries bounds how many files and folders are looked at to find artifacts.
const maxEntries = 1_000_000

// findArtifacts lists the files that the sweep's patterns choose, all without patterns. A pattern that names
// a file or folder must find it.
func (t *attempt) findArtifacts(ctx context.Context) (all []found, err error) {
	patterns := t.order.Deliver.Artifacts
	there, folder := make([]bool, len(patterns)), make([]bool, len(patterns))
	why := make([]string, len(patterns)) // a file that a pattern chooses was refused
	files, entries := t.files.Load(), 0
	err = files.Walk(artifactsName, func(file string, st *unix.Stat_t) error {
		if entries++; entries > maxEntries {
			return fmt.Errorf("there are more than %d files and folders in $KAON_ARTIFACTS", maxEntries)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name := strings.TrimPrefix(file, artifactsName+"/")
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			for i, p := range patterns {
				folder[i] = folder[i] || matches(p, name)
			}
			return nil
		}
		chosen := len(patterns) == 0
		a, refused := content(files, file, st)
		for i, p := range patterns {
			switch {
			case !matches(p, name):
			case refused == "":
				chosen, there[i] = true, true
			default:
				why[i] = fmt.Sprintf("%s %s", name, refused)
			}
		}
		if !chosen || refused != "" {
			return nil
		}
		if err := transfer.CheckName(name); err != nil {
			return err
		}
		a.name = name
		if all = append(all, a); len(all) > transfer.MaxFiles {
			return fmt.Errorf("it left more than %d artifacts: pack them, "+
				"or name with `artifacts` those that are wanted", transfer.MaxFiles)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) { // the folder itself was removed
		err = nil
	}
	for i, p := range patterns {
		if err == nil && !there[i] && !strings.ContainsAny(p, `*?[\`) {
			err = fmt.Errorf("ended with exit code 0 but left no artifact %q: "+
				"write it to $KAON_ARTIFACTS/%s", p, p)
			switch {
			case why[i] == "" && folder[i]:
				err = fmt.Errorf("ended with exit code 0, but $KAON_ARTIFACTS/%s is a folder "+
					"without a file: write the artifact %q as a file, or files into it", p, p)
			case why[i] != "":
				err = fmt.Errorf("ended with exit code 0 but left no artifact %q: %s", p, why[i])
			}
		}
	}
	return all, err
}

// content describes a file that may be delivered: a regular one, or a link to one in the attempt's own
// folder. A pipe has no end, a broken link no content; a link further away could lead to what the executor
// may read and the trial may not.
func content(files *safefile.Dir, file string, st *unix.Stat_t) (a found, refused string) {
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		target, err := files.Resolve(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return a, "is a link to what is not there"
		case err != nil:
			return a, "is a link that leads out of the attempt's folder"
		}
		if st, err = files.Stat(target); err != nil {
			return a, "is a link to what is not there"
		}
		file = target
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return a, "is no regular file"
	}
	return found{file: file, size: st.Size}, ""
}

// matches says whether a pattern means a file, or a folder that it lies in.
func matches(pattern, name string) bool {
	for pattern = strings.TrimSuffix(pattern, "/"); ; {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
		if name = path.Dir(name); name == "." {
			return false
		}
	}
}
