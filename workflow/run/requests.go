package run

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Request is what another process asks of a run. It lies in the run's folder until the run has taken it, so that it is not lost when
// no process works on the run.
type Request struct {
	Kind   RequestKind `json:"kind"`
	Step   string      `json:"step,omitempty"` // key
	Who    string      `json:"who,omitempty"`
	Reason string      `json:"reason,omitempty"`
}

// RequestKind is what is asked.
type RequestKind string

// The kinds of requests.
const (
	ApproveStep RequestKind = "approve"
	SkipStep    RequestKind = "skip"
	CancelRun   RequestKind = "cancel"
)

const requestsFolder = "requests"

// Ask leaves a request for a run, and answers with the file in which it lies until it was taken.
func Ask(all, id string, r Request) (file string, err error) {
	folder := filepath.Join(Folder(all, id), requestsFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%020d-%s", time.Now().UnixNano(), rand.Text()[:8])
	hidden := filepath.Join(folder, "."+name)
	if err := os.WriteFile(hidden, data, 0o600); err != nil {
		return "", err
	}
	file = filepath.Join(folder, name+".json")
	return file, os.Rename(hidden, file)
}

// asked are the requests that lie in a folder, the oldest first, by file.
func asked(folder string) (files []string, requests []Request) {
	folder = filepath.Join(folder, requestsFolder)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil // there is none
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") && e.Type().IsRegular() {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	slices.Sort(files)
	for _, file := range files {
		var r Request
		if data, err := os.ReadFile(file); err == nil {
			_ = json.Unmarshal(data, &r) // what is none asks for nothing, and is removed
		}
		requests = append(requests, r)
	}
	return files, requests
}
