package transfer

import (
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// Kind is what a file of an attempt is; it is the first part of its place in the bucket.
type Kind string

// The kinds of files that attempts leave.
const (
	Artifacts Kind = "artifacts"
	Logs      Kind = "logs"
)

// uploadRequest names a file that a client wants to leave.
type uploadRequest struct {
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Upload string `json:"upload,omitempty"` // the one that a plan named before, to go on with it
}

// uploadPlan answers an uploadRequest: how the file is to be sent.
type uploadPlan struct {
	Method method `json:"way"`
	Offset int64  `json:"offset,omitempty"` // chunks: how much is there already
	Part   int64  `json:"part,omitempty"`   // bytes of a chunk or part; the last may be shorter
	Upload string `json:"upload,omitempty"` // parts
}

// method is how a file travels.
type method string

const (
	byChunks method = "chunks" // in order, through the server
	byPut    method = "put"    // in one signed request
	byParts  method = "parts"  // in several
)

// signRequest asks for a signed request.
type signRequest struct {
	uploadRequest
	Part int    `json:"part"` // from 1; 0: all
	Size int64  `json:"length"`
	MD5  string `json:"md5"` // base64
}

// completeRequest says that all of a file was sent.
type completeRequest struct {
	uploadRequest
	ETags []string `json:"etags,omitempty"`
}

// Bounds of what an attempt may leave.
const (
	chunkBytes = 8 << 20  // lost at most when a connection breaks, and read at most without asking anew
	putBytes   = 16 << 20 // beyond it in parts
	maxParts   = 10_000   // of S3
	MaxFiles   = 1_000    // artifacts of one attempt: its record lists them, and travels in one update
	maxName    = 512      // bytes
	maxLog     = 64 << 20 // bytes of one log
	maxObject  = 5 << 40  // bytes; S3's own
)

// NameFault says why an artifact may not have a name, as what follows "it"; it is empty for one that is
// allowed.
func NameFault(name string) string {
	if fault := bucket.NameFault(name); fault != "" {
		return fault
	}
	if len(name) > maxName {
		return fmt.Sprintf("has %d bytes, at most %d are allowed", len(name), maxName)
	}
	return ""
}

var errRequest = errors.New("bad request")

// check refuses what cannot be an attempt's file.
func (o uploadRequest) check() error {
	switch {
	case o.Kind != Artifacts && o.Kind != Logs:
		return fmt.Errorf("%w: kind %.20q", errRequest, o.Kind)
	case o.Size < 0 || o.Size > maxObject || o.Kind == Logs && o.Size > maxLog:
		return fmt.Errorf("%w: %d bytes", errRequest, o.Size)
	case len(o.SHA256) != 64:
		return fmt.Errorf("%w: checksum %.70q", errRequest, o.SHA256)
	}
	if fault := NameFault(o.Name); fault != "" {
		return fmt.Errorf("%w: %.60q cannot be the name of an artifact: it %s", errRequest, o.Name, fault)
	}
	return nil
}

// partSize is what a part has so that there are not too many.
func partSize(size int64) int64 {
	part := int64(putBytes)
	for part*maxParts < size {
		part *= 2
	}
	return part
}

var errBound = errors.New("too much")

var errNotRequested = errors.New("not requested")

func (o uploadRequest) key() string { return string(o.Kind) + "/" + o.Name }
