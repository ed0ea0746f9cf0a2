package executor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// found is an artifact.
type found struct {
	name string // below the folder of artifacts
	file string // below the attempt's folder, without links
	size int64
}

// defaultArtifacts is how many bytes an attempt may leave when its sweep does not say (artifacts.size).
const defaultArtifacts = 10 << 30

// maxEntries bounds how many files and folders are looked at to find artifacts.
const maxEntries = 1_000_000

// findArtifacts lists the files that the sweep's patterns choose, all without patterns, and says what else they choose
// and why that is not delivered, of more than are told the number. A pattern that names a file or folder must find it.
func (t *attempt) findArtifacts(ctx context.Context) (all []found, not []string, err error) {
	patterns := t.order.Deliver.Artifacts
	there, folder := make([]bool, len(patterns)), make([]bool, len(patterns))
	why := make([]string, len(patterns)) // a file that a pattern chooses was refused
	var copies []found                   // what programs gave to W&B
	files, entries, refusals := t.files.Load(), 0, 0
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
		refusedToo := chosen // a pattern chooses what is refused
		a, refused := content(files, file, st)
		for i, p := range patterns {
			switch {
			case !matches(p, name):
			case refused == "":
				chosen, there[i] = true, true
			default:
				why[i], refusedToo = fmt.Sprintf("%s is %s", t.seen(name), refused), true
			}
		}
		if refused != "" && refusedToo {
			if refusals++; refusals <= maxUndelivered {
				not = append(not, t.seen(name)+", "+refused)
			}
		}
		if !chosen || refused != "" {
			return nil
		}
		if fault := transfer.NameFault(name); fault != "" {
			return fmt.Errorf("artifact %q cannot be delivered, for its name %s: "+
				"write it to $KAON_ARTIFACTS under another name", t.seen(name), fault)
		}
		a.name = name
		copied := strings.HasPrefix(name, "wandb/files/") || strings.HasPrefix(name, "wandb/artifacts/")
		if copied && len(patterns) == 0 && len(copies) <= transfer.MaxFiles {
			copies = append(copies, a)
			return nil
		}
		if all = append(all, a); len(all) > transfer.MaxFiles {
			return fmt.Errorf("it left more than %d artifacts: pack them, "+
				"or name with `artifacts` those that are wanted", transfer.MaxFiles)
		}
		return nil
	})
	if err == nil && t.roomFor(all, copies) {
		all, copies = append(all, copies...), nil
	}
	st, statErr := files.Stat(artifactsName)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the folder itself was removed
		err = nil
	case err != nil && statErr == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR:
		err = fmt.Errorf("the trial put %s in the place of the folder $KAON_ARTIFACTS: "+
			"write artifacts as files into it", kindOf(st))
	case err != nil:
		err = t.inFolder(err)
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
	slices.SortFunc(all, func(a, b found) int { return strings.Compare(a.name, b.name) })
	slices.Sort(not)
	if more := refusals - maxUndelivered; more > 0 {
		not = append(not, fmt.Sprintf("and %d more", more))
	}
	if err == nil && len(copies) > 0 {
		const left = "wandb/, %s given to W&B, for which the trial's own artifacts leave no room"
		which := "1 file that was"
		if len(copies) > 1 {
			which = fmt.Sprintf("%d files that were", len(copies))
		}
		not = append(not, fmt.Sprintf(left, which))
	}
	return all, not, err
}

// roomFor says whether copies of what a program gave to W&B, which nobody asked for, are within the bounds of an
// attempt beside its own artifacts.
func (t *attempt) roomFor(own, copies []found) bool {
	left := t.order.Deliver.Bytes
	if left <= 0 {
		left = defaultArtifacts
	}
	for _, a := range slices.Concat(own, copies) {
		left -= a.size
	}
	return left >= 0 && len(own)+len(copies) <= transfer.MaxFiles
}

// maxUndelivered bounds how much of what was not delivered an attempt's record names.
const maxUndelivered = 10

// seen is a name as people may see it: without secrets and without what terminals do not show.
func (t *attempt) seen(name string) string {
	return parse.Clip(t.hide.MaskEscaped(mask.Readable(name)), maxSeen)
}

// maxSeen bounds a name in a message, in bytes: what a part of one may have on a file system, and more.
const maxSeen = 300

// inFolder is an error about a file with its path from the attempt's folder on: the rest says nothing.
func (t *attempt) inFolder(err error) error {
	var at *fs.PathError
	if !errors.As(err, &at) {
		return err
	}
	name := strings.TrimPrefix(at.Path, t.files.Load().Path()+"/")
	name = strings.Replace(name, artifactsName, "$KAON_ARTIFACTS", 1)
	return fmt.Errorf("cannot read %s: %w", t.seen(name), at.Err)
}

// kindOf names what is no regular file.
func kindOf(st *unix.Stat_t) string {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return "a folder"
	case unix.S_IFLNK:
		return "a link"
	case unix.S_IFIFO:
		return "a pipe"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFREG:
		return "a file"
	}
	return "a device"
}

// content describes a file that may be delivered: a regular one, or a link to one in the attempt's own
// folder. A pipe has no end, a broken link no content; a link further away could lead to what the executor
// may read and the trial may not.
func content(files *safefile.Dir, file string, st *unix.Stat_t) (a found, refused string) {
	link := ""
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		link = "a link to "
		target, err := files.Resolve(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return a, "a link to what is not there"
		case err != nil:
			return a, "a link that leads out of the attempt's folder"
		}
		if st, err = files.Stat(target); err != nil {
			return a, "a link to what is not there"
		}
		file = target
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return a, link + kindOf(st) + ", not a file"
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
