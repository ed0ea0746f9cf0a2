package task

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
)

// Store is the folder of an executor's sandbox, beside those of attempts, of what these share: code, inputs.
const Store = ".kaon"

// ID names a source by its content if that is known, else by its address.
func (s Source) ID() string {
	what := s.SHA256
	if what == "" {
		what = s.URL
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%v", what, s.Name, s.Unpack))
	return hex.EncodeToString(sum[:12])
}

// File is the name of its file.
func (s Source) File() string { return path.Base("/" + s.Name) }

// Place is where the executor looks for a source, below its sandbox, before it fetches it: an agent may have brought
// it there.
func (s Source) Place() string { return path.Join(Store, s.ID(), s.File()) }
