package steps

import (
	"fmt"
	"io"
	"os"
)

// MaxFile bounds what people write for steps: specs, workflows, queries.
const MaxFile = 1 << 20

// ReadFile reads a file that is small by what it is, and refuses a larger one: this process would hold it whole.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, MaxFile)
	}
	return data, err
}
