package staging

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/s3"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/server/webhook"
	"github.com/kaon-sweep/kaon/sweep"
)

// inputs says where executors, and agents for them, get what task.fetch names.
func (s *Stage) inputs(ctx context.Context, files *task.Files) error {
	spec := s.Spec
	webs := s.probe(ctx)
	for i, f := range spec.Task.Fetch {
		src, agents, err := s.input(ctx, f, webs[i])
		var told *sweep.Error
		switch {
		case errors.As(err, &told):
			return fault.Usage(err)
		case errors.Is(err, bucket.ErrUnavailable):
			return fault.Unreachable(fmt.Errorf("task.fetch.%d: %w", i, err))
		case err != nil:
			return fault.Usage(f.Problem(err.Error(), ""))
		}
		files.Inputs = append(files.Inputs, src)
		s.addPrefetch(src, agents)
	}
	return nil
}

// addPrefetch has agents fetch a source, and keep it, for attempts that have executors of their own.
// Neither the executor's permissions nor its unpacking are left to the agent.
func (s *Stage) addPrefetch(src task.Source, address string) {
	if address != "" {
		s.Prefetch = append(s.Prefetch, cluster.URI{Value: address, Cache: true, OutputFile: src.Place()})
	}
}

// probed is what a web server said of an input, when the sweep was submitted.
type probed struct {
	web *transfer.HTTPSource
	err error
}

// guarded asks for those who are not this process's own user: it connects to nothing that this machine alone reaches.
var guarded = &http.Client{Transport: webhook.Transport(nil, 15*time.Second,
	", and a server looks for no others for who asks it by a token")}

// probe asks all web servers at once: one that does not answer takes its time.
func (s *Stage) probe(ctx context.Context) []probed {
	all := make([]probed, len(s.Spec.Task.Fetch))
	var asking sync.WaitGroup
	for i, f := range s.Spec.Task.Fetch {
		// as input has it, however it is written
		if u, err := f.Address(); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			web := &transfer.HTTPSource{URL: f.URL}
			if state.IsForeign(s.Owner) {
				web.HTTP = guarded
			}
			all[i].web = web
			asking.Go(crash.Func(func() { _, all[i].err = web.Size(ctx) }))
		}
	}
	asking.Wait()
	return all
}

// input says where executors get an input, and where agents do, which keep what they fetched under its
// address; empty: they need not.
func (s *Stage) input(ctx context.Context, f sweep.Fetch, page probed) (src task.Source, agents string,
	err error) {
	src = task.Source{URL: f.URL, SHA256: f.SHA256, Name: f.Name(), To: f.To, Unpack: f.Unpack}
	u, err := f.Address()
	if err != nil {
		return src, "", fmt.Errorf("read address: %w", err)
	}
	switch u.Scheme {
	case "":
		file := filepath.Join(s.Spec.Folder(), filepath.FromSlash(f.URL))
		address, sum, err := s.FileServer.Serve(file, src.Name)
		if err == nil && f.SHA256 != "" && f.SHA256 != sum {
			err = fmt.Errorf("%s: its sha256 is %s, not %s", f.URL, sum, f.SHA256)
		}
		src.URL, src.SHA256 = address, sum
		return src, address, err
	case "s3":
		signer, err := s.object(ctx, u, &src)
		if err != nil {
			return src, "", err
		}
		src.URL, agents = s.FileServer.Redirect(signer, src.Name)
	case "http", "https":
		if err := s.checkReachable(f, page); err != nil {
			return src, "", err
		}
		if f.SHA256 != "" {
			return src, cacheURL(*u, f.SHA256), nil
		}
		_, agents = s.FileServer.Redirect(page.web, src.Name)
	}
	return src, agents, nil
}

// object is an input in S3. Sweeps may have begun when an address was taken as a URL, with escapes in its key: where
// nothing has the key as it is written, they are given what they had, under the name that it had. What they lack they
// are not refused for: attempts that run have it.
func (s *Stage) object(ctx context.Context, u *url.URL, src *task.Source) (*s3.Fetcher, error) {
	written, err := s3.NewFetcher(ctx, u)
	if !s.Resumed || !errors.Is(err, bucket.ErrNotExist) && !errors.Is(err, bucket.ErrDenied) {
		return written, err
	}
	key, bad := url.PathUnescape(strings.Trim(u.Path, "/"))
	// CheckForeign looked at the other
	if bad == nil && key != strings.Trim(u.Path, "/") && bucket.CheckName(key) == nil && !state.IsForeign(s.Owner) {
		plain := *u
		plain.Path = "/" + key
		if found, err := s3.NewFetcher(ctx, &plain); err == nil {
			if to, err := url.PathUnescape(src.To); err == nil && strings.HasPrefix(src.Name, src.To) { // by its name
				src.To = path.Base(to)
			}
			src.Name = path.Base(plain.Path)
			return found, nil
		}
	}
	s.Warn(fmt.Sprintf("warning: %s is not to be had (%v): trials that start fail until it is there", src.URL, err))
	return written, nil
}

// checkReachable refuses an address at which there is nothing, and warns of one that does not answer here.
// A sweep that has begun is not refused: attempts that run have what they need.
func (s *Stage) checkReachable(f sweep.Fetch, page probed) error {
	switch {
	case page.err == nil:
	case errors.Is(page.err, transfer.ErrRefused) && !s.Resumed:
		return f.Problem(fmt.Sprintf("its server %v", page.err),
			"correct the address; what needs a login is fetched from s3://, or by the trial with a secret")
	default:
		s.Warn(fmt.Sprintf("warning: %s is not to be had from this machine (%v): trials fail unless "+
			"their agents can get it", f.URL, page.err))
		page.web.Elsewhere = true
	}
	return nil
}

// unquoted writes what no address may have that Mesos takes.
var unquoted = strings.NewReplacer("'", "%27", `\`, "%5C")

// cacheURL is an address under which agents may keep its content for good: what is behind a # is no
// server's business, but part of what they know it by. Another sweep that wants the same finds it there; a
// file that was changed has another sum.
func cacheURL(u url.URL, sum string) string {
	u.Fragment, u.RawFragment = "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	return unquoted.Replace(u.String()) + "#sha256=" + sum
}
