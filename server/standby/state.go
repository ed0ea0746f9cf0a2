package standby

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// epochsFolder, in the shared folder, has the state of each epoch.
const epochsFolder = "epochs"

// shared are the entries of the shared folder that are all epochs' own: claims, states, and uploaded folders, which
// never change and are known by their paths. Agents of this machine are no epoch's.
var shared = []string{claimsFolder, epochsFolder, uploads}

// What lies in a state, by the names that its owners give it.
const (
	JournalFile = "journal.db" // with what begins so
	uploads     = "folders"
	agents      = "agents"
)

// Uploads is where uploaded folders lie, whichever epoch it is.
func Uploads(folder string) string { return filepath.Join(folder, uploads) }

// Used tells whether servers have worked in a folder by turns.
func Used(folder string) (bool, error) {
	_, err := os.Lstat(filepath.Join(folder, claimsFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Current is the folder of the newest epoch's state; of a folder that was never used by turns, or cannot be read, the
// folder itself.
func Current(folder string) string {
	if latest, err := latestState(folder); err == nil && latest > 0 {
		return stateOf(folder, latest)
	}
	return folder
}

func stateOf(folder string, epoch uint64) string {
	return filepath.Join(folder, epochsFolder, fmt.Sprintf("%0*d", width, epoch))
}

// latestState is the newest epoch that has a whole state; 0: none.
func latestState(folder string) (latest uint64, err error) {
	names, err := os.ReadDir(filepath.Join(folder, epochsFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for _, one := range names {
		if n, err := strconv.ParseUint(one.Name(), 10, 64); err == nil && len(one.Name()) == width {
			latest = max(latest, n)
		}
	}
	return latest, err
}

// State makes the folder of the lease's epoch: a copy of the newest before it, or of what lies in the shared folder
// itself from the time before it was shared. When it returns the copy is durable, and the lease was still held.
func (l *Lease) State() (string, error) {
	former, err := latestState(l.cfg.Folder)
	if err != nil {
		return "", fmt.Errorf("find the state of before: %w", err)
	}
	folder, err := l.take(former)
	if lost := l.Check(); lost != nil { // then another one may have tidied up
		return "", lost
	}
	if err != nil {
		return "", err
	}
	l.tidy(former)
	return folder, nil
}

// take copies the state of an epoch.
func (l *Lease) take(former uint64) (string, error) {
	from, to := l.cfg.Folder, stateOf(l.cfg.Folder, l.Epoch())
	if former > 0 {
		from = stateOf(l.cfg.Folder, former)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", err
	}
	l.tidyUnfinished()
	fresh := to + unfinished
	err := copySettled(from, fresh)
	if err == nil {
		err = os.Rename(fresh, to)
	}
	if err != nil {
		_ = os.RemoveAll(fresh) // the next one begins its own
		return "", fmt.Errorf("take over the state of %s: %w", from, err)
	}
	return to, durable.SyncFolder(filepath.Dir(to))
}

// unfinished ends the name of a state that is being copied.
const unfinished = ".new"

// tidyUnfinished removes what those before left who did not come to the end of their copy.
func (l *Lease) tidyUnfinished() {
	names, _ := os.ReadDir(filepath.Join(l.cfg.Folder, epochsFolder)) // it costs room alone
	for _, one := range names {
		if n, err := strconv.ParseUint(strings.TrimSuffix(one.Name(), unfinished), 10, 64); err == nil &&
			n < l.Epoch() && strings.HasSuffix(one.Name(), unfinished) {
			_ = os.RemoveAll(filepath.Join(l.cfg.Folder, epochsFolder, one.Name()))
		}
	}
}

// tidy removes what nobody needs any more: states and claims from before the last one, and what lay in the shared
// folder itself.
func (l *Lease) tidy(former uint64) {
	forget(l.cfg.Folder, l.Epoch())
	if former == 0 {
		names, _ := os.ReadDir(l.cfg.Folder) // what cannot be seen stays
		for _, one := range names {
			if !slices.Contains(shared, one.Name()) {
				_ = os.RemoveAll(filepath.Join(l.cfg.Folder, one.Name())) // it costs room alone
			}
		}
	}
	names, _ := os.ReadDir(filepath.Join(l.cfg.Folder, epochsFolder))
	for _, one := range names {
		n, err := strconv.ParseUint(one.Name(), 10, 64)
		if err == nil && n < l.Epoch() && n != former {
			_ = os.RemoveAll(filepath.Join(l.cfg.Folder, epochsFolder, one.Name()))
		}
	}
}

// copyTries is how often a copy is begun anew because the former holder still wrote: since the claim it has one write
// left.
const copyTries = 5

// copySettled copies a state whose journal nobody wrote to meanwhile.
func copySettled(from, to string) error {
	for try := 1; ; try++ {
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		before := journals(from)
		if err := copyState(from, to); err != nil {
			return err
		}
		if slices.Equal(before, journals(from)) {
			return nil
		}
		if try == copyTries {
			return errors.New("somebody writes there without asking whether they may")
		}
	}
}

// journals tells whether the files of a state's journal were written to: their names, sizes and times.
func journals(state string) (all []string) {
	files, _ := os.ReadDir(state) // what is not there has no journal
	for _, file := range files {
		if info, err := file.Info(); err == nil && strings.HasPrefix(file.Name(), JournalFile) {
			all = append(all, fmt.Sprint(file.Name(), info.Size(), info.ModTime().UnixNano()))
		}
	}
	return all
}

// copyState copies a folder of state. Archives are never changed once they have their name, and are linked where that
// can be; sockets, what is half written, and agents of this machine stay behind.
func copyState(from, to string) error {
	source, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	return fs.WalkDir(source.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // it was removed meanwhile
			return nil
		case err != nil:
			return err
		case slices.Contains(shared, name) || name == agents:
			return fs.SkipDir
		case d.IsDir():
			if name == "." {
				return nil
			}
			return os.Mkdir(filepath.Join(to, name), 0o700)
		case !d.Type().IsRegular():
			return nil
		case strings.HasSuffix(name, ".tar.zst") && os.Link(filepath.Join(from, name), filepath.Join(to, name)) == nil:
			return nil
		}
		err = copyFile(source, name, filepath.Join(to, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

func copyFile(source *os.Root, name, to string) error {
	in, err := source.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Chtimes(to, info.ModTime(), info.ModTime())
	}
	return err
}
