package archive

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// IgnoreFiles are the files that say what is not packed, in the notation of .gitignore; the later has the last word.
var IgnoreFiles = []string{".gitignore", ".kaonignore"}

// ignores is the rules read so far. A folder is read before what is in it, and a rule only concerns what is
// below its file.
type ignores struct{ patterns []gitignore.Pattern }

func (i *ignores) read(root *os.Root, folder string) error {
	var domain []string
	if folder != "." {
		domain = strings.Split(folder, "/")
	}
	for _, name := range IgnoreFiles {
		f, err := root.Open(path.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		scan := bufio.NewScanner(f)
		for scan.Scan() {
			line := scan.Text()
			if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
				continue
			}
			i.patterns = append(i.patterns, gitignore.ParsePattern(line, domain))
		}
		f.Close()
		if err := scan.Err(); err != nil {
			return fmt.Errorf("read %s: %w", path.Join(folder, name), err)
		}
	}
	return nil
}

func (i *ignores) match(name string, folder bool) bool {
	return len(i.patterns) > 0 && gitignore.NewMatcher(i.patterns).Match(strings.Split(name, "/"), folder)
}
