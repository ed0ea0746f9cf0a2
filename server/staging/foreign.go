package staging

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/sweep"
)

// CheckForeign refuses a spec of somebody who is not this process's own user what is that user's: its environment with
// the credentials of S3, and files of this machine. It may fetch what sweeps have left in the results, a folder or
// s3://bucket/prefix, if those are given: whoever may submit may read that.
func CheckForeign(spec *sweep.Spec, place string) error {
	refuse := func(format string, args ...any) error { return fault.Usage(fmt.Errorf(format, args...)) }
	if names := spec.Task.Secrets; len(names) > 0 {
		return refuse("task.secrets: %s: secrets are taken from the server's environment, for callers on its "+
			"machine alone", strings.Join(names, ", "))
	}
	if c := spec.Task.Container; c != nil && c.Registry != nil {
		return refuse("task.registry: its password is taken from the server's environment, for callers on its " +
			"machine alone")
	}
	if code := spec.Task.Code; code != "" && !filepath.IsLocal(code) {
		return refuse("task.code: %s is a folder of the server's machine: put it into the uploaded folder", code)
	}
	for _, name := range spec.From {
		if strings.ContainsAny(name, "/") {
			return refuse("from: %s: name a sweep of the server's own results", name)
		}
	}
	for _, input := range spec.Task.Fetch {
		u, err := input.Address()
		if err != nil {
			return refuse("task.fetch: read address: %w", err)
		}
		if u.Scheme == "s3" {
			if !ofResults(u, place) {
				return refuse("task.fetch: %s: buckets are read by the server's own credentials, and for callers "+
					"on its machine alone but for "+
					"what sweeps have left in its results: sign the address, and fetch it from https://", input.URL)
			}
			continue
		}
		if filepath.IsAbs(place) && !strings.Contains(input.URL, ":") {
			at, err := filepath.Rel(place, filepath.Join(spec.Folder(), filepath.FromSlash(input.URL)))
			if err == nil && filepath.IsLocal(at) && !filepath.IsAbs(input.URL) &&
				strings.HasPrefix(filepath.ToSlash(at), results.SweepsPrefix) {
				continue
			}
		}
		if strings.HasPrefix(strings.ToLower(input.URL), "file:") ||
			!strings.Contains(input.URL, "://") && !filepath.IsLocal(input.URL) {
			return refuse("task.fetch: %s is a file of the server's machine: put it into the uploaded folder",
				input.URL)
		}
	}
	return nil
}

// ofResults tells whether an address of S3 is of what sweeps have left in the results.
func ofResults(u *url.URL, place string) bool {
	place, options, _ := strings.Cut(place, "?")
	if !strings.HasPrefix(place, "s3://") {
		return false
	}
	host, prefix, _ := strings.Cut(strings.TrimPrefix(place, "s3://"), "/")
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	object := strings.Trim(u.Path, "/")
	// should something between here and there read it so
	if plain, err := url.PathUnescape(object); err == nil && bucket.CheckName(plain) != nil {
		return false
	}
	return u.Host == host && u.User == nil && (u.RawQuery == "" || u.RawQuery == options) &&
		bucket.CheckName(object) == nil && strings.HasPrefix(object, prefix+results.SweepsPrefix)
}
