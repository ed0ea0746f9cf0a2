package mlflow

import (
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"path"
)

// FileURI is a folder below that of artifacts, as MLflow names folders.
func FileURI(parts ...string) string {
	return (&url.URL{Scheme: "file", Path: path.Join(parts...)}).String()
}

func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it does not fail
	return hex.EncodeToString(id[:])
}
