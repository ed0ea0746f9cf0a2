package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/git-pkgs/gitignore"
)

// ignoreFiles are the files that say what is not packed, in the notation of .gitignore; the later has the
// last word.
var ignoreFiles = []string{".gitignore", ".kaonignore"}

// maxIgnoreFile bounds one of them, in bytes.
const maxIgnoreFile = 1 << 20

// ignoreRules are the rules read so far. A folder is read before what is in it, and a rule only concerns what
// is below its file.
type ignoreRules struct{ matcher *gitignore.Matcher }

func newIgnoreRules() ignoreRules { return ignoreRules{gitignore.New("")} }

func (r ignoreRules) read(root *os.Root, folder string) error {
	for _, name := range ignoreFiles {
		name = path.Join(folder, name)
		f, err := root.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		text, err := io.ReadAll(io.LimitReader(f, maxIgnoreFile+1))
		f.Close()
		switch {
		case err != nil:
			return fmt.Errorf("read %s: %w", name, err)
		case len(text) > maxIgnoreFile:
			return fmt.Errorf("read %s: it has more than %d bytes", name, maxIgnoreFile)
		}
		below := folder
		if folder == "." {
			below = ""
		}
		known := len(r.matcher.Errors())
		r.matcher.AddPatterns(text, below)
		if bad := r.matcher.Errors(); len(bad) > known {
			b := bad[known]
			return fmt.Errorf("read %s: line %d: pattern %q: %s", name, b.Line, b.Pattern, b.Message)
		}
	}
	return nil
}

func (r ignoreRules) match(name string, folder bool) bool { return r.matcher.MatchPath(name, folder) }
