package sweep

import (
	"net/url"
	"path"
	"strings"
)

// Fetch is an input that trials find in their working directory.
type Fetch struct {
	// http, https, s3 or file; else a file or folder's path, relative to the spec's folder
	URL    string `json:"url"`
	SHA256 string `json:"sha256,omitempty"` // hex
	To     string `json:"to"`               // path in the working directory
	Unpack bool   `json:"unpack,omitempty"` // it is an archive; To is a folder
	place  *Error // of the address, without a problem
}

// Problem is an error of the input that is found out after the spec was read, at the address's place.
func (f Fetch) Problem(problem, remedy string) *Error {
	e := Error{Value: short(f.URL)}
	if f.place != nil { // else it was not read from a spec
		e = *f.place
	}
	e.Problem, e.Remedy = problem, remedy
	return &e
}

// Name is the last element of the address, whose ending tells what an archive is.
func (f Fetch) Name() string {
	if u, err := f.Address(); err == nil && u.Scheme != "" {
		return path.Base("/" + u.Path)
	}
	return path.Base("/" + f.URL)
}

// Address is the address in its parts; without a scheme it is the path of a file or folder. A key of S3 has %, # and ?
// as they are: options of the bucket are what stands behind the last ? of an address, if it begins with one of those
// that there are.
func (f Fetch) Address() (*url.URL, error) {
	const scheme = "s3://"
	if len(f.URL) < len(scheme) || !strings.EqualFold(f.URL[:len(scheme)], scheme) {
		u, err := url.Parse(f.URL)
		if err != nil && !strings.Contains(f.URL, ":") {
			return &url.URL{Path: f.URL}, nil // as 100%.csv
		}
		return u, err
	}
	object, options := f.URL, ""
	if at := strings.LastIndexByte(object, '?'); at >= 0 {
		behind := object[at+1:]
		if strings.HasPrefix(behind, "endpoint=") || strings.HasPrefix(behind, "region=") {
			object, options = object[:at], behind
		}
	}
	u, err := url.Parse(strings.NewReplacer("%", "%25", "#", "%23", "?", "%3F").Replace(object))
	if err == nil {
		u.RawQuery = options
	}
	return u, err
}

// Artifacts says which files that trials leave are kept, and of which trials.
type Artifacts struct {
	// patterns below $KAON_ARTIFACTS; a name without * ? [ must be there; none: all files
	Files []string `json:"files,omitempty"`
	None  bool     `json:"none,omitempty"`  // nothing is kept
	Bytes int64    `json:"bytes,omitempty"` // of one attempt together; 0: no bound
	// at the end, only those of so many best trials stay; 0: all, KeepWinners: of winners
	Top int `json:"top,omitempty"`
}

// KeepWinners is the Top that keeps the winner's artifacts and those of the Pareto front.
const KeepWinners = -1

// The values of Task.Logs: whose output goes to the bucket.
const (
	LogsFailed = "failed"
	LogsAll    = "all"
	LogsNone   = "none"
)

// Problem is an error of `code` or of a secret's name that is found out after the spec was read, at its place.
func (t *Task) Problem(field, problem, remedy string) *Error {
	e := Error{Field: "task." + field}
	if at := t.places[field]; at != nil { // else it was not read from a spec
		e = *at
	}
	e.Problem, e.Remedy = problem, remedy
	return &e
}

// placed keeps the place of a value for Problem.
func (t *Task) placed(field string, at *Error) {
	if t.places == nil {
		t.places = map[string]*Error{}
	}
	t.places[field] = at
}
