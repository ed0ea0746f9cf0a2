package workflows

import (
	"io"
	"os"
	"path/filepath"
)

// largestFile is what a spec may refer to.
const largestFile = 1 << 20

// beside reads files by their path from the folder of a file, and nothing outside another.
func beside(within, file string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		root, err := os.OpenRoot(within)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		folder, err := filepath.Rel(within, filepath.Dir(file))
		if err != nil {
			return nil, err
		}
		f, err := root.Open(filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, largestFile+1))
	}
}
