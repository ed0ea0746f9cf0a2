package containerizer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// fetcher fetches what a command needs into its sandbox, as Mesos's fetcher does.
type fetcher struct {
	path    string        // of the sandbox
	sandbox *safefile.Dir // the same
	cache   *fetchCache
	limits  archive.Limits // of what archives unpack to
	inImage bool           // the command runs in a container, which mounts
	mounts  []mount
}

// mount is a cached file that a container sees in its sandbox read-only: what it could change, the next
// container would run.
type mount struct {
	entry *cacheEntry
	name  string // in the sandbox
}

// all fetches what a command needs, in order.
func (f *fetcher) all(ctx context.Context, uris []mesos.CommandInfo_URI) error {
	for i := range uris {
		if err := f.fetch(ctx, &uris[i]); err != nil {
			return fmt.Errorf("fetch %s: %w", path.Base(uris[i].Value), withoutURL(err))
		}
	}
	return nil
}

// withoutURL returns an error without the address it names, which may be a capability: whoever knows it may
// fetch.
func withoutURL(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}

// fetch fetches one file: copied or downloaded, made executable or extracted as asked. A cached executable
// stays in the cache and is mounted into a container, or linked into a sandbox, so that thousands of
// sandboxes hold its bytes once. Anything else is copied, because its owner may write to it.
func (f *fetcher) fetch(ctx context.Context, u *mesos.CommandInfo_URI) error {
	source, name, err := locate(u)
	if err != nil {
		return err
	}
	if err := f.sandbox.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	perm := os.FileMode(0o644)
	if u.GetExecutable() {
		perm = 0o755
	}
	if u.GetCache() {
		e, err := f.cache.get(ctx, source)
		switch {
		case err == nil && u.GetExecutable() && f.inImage && !strings.Contains(name, ":"):
			f.mounts = append(f.mounts, mount{e, name}) // which is released when the container has it
			return f.sandbox.WriteFile(name, nil, perm)
		case err == nil:
			defer f.cache.release(e)
			source = e.file
		case !errors.Is(err, errNotCached):
			return err
		}
		if err == nil && u.GetExecutable() && !f.inImage && os.Link(source, filepath.Join(f.path, name)) == nil {
			return nil
		}
	}
	out, err := f.sandbox.Create(name, perm)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := copyTo(ctx, source, out); err != nil {
		return err
	}
	if u.GetExecutable() {
		return errors.Join(out.Chmod(perm), out.Close())
	}
	if (u.Extract == nil || *u.Extract) && isArchive(name) {
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return archive.Unpack(ctx, out, name, f.path, f.limits)
	}
	return out.Close()
}

// isArchive tells whether a file is extracted, by the names that Mesos's fetcher knows.
func isArchive(name string) bool {
	for _, suffix := range []string{".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// unmount releases the mounted entries: the container has them, or never will.
func (f *fetcher) unmount() {
	for _, m := range f.mounts {
		f.cache.release(m.entry)
	}
	f.mounts = nil
}

// diskOf is the disk in bytes that an executor and its first task asked for; 0 when none.
func diskOf(e protocol.StartExecutor) (bytes int64) {
	for _, list := range [][]mesos.Resource{e.Executor.Resources, e.Task.Resources} {
		for i := range list {
			if list[i].Name == "disk" {
				bytes += int64(list[i].GetScalar().GetValue() * (1 << 20))
			}
		}
	}
	return bytes
}

// locate returns where a URI is, as an HTTP address or a local path, and the name it gets in the sandbox.
func locate(u *mesos.CommandInfo_URI) (source, name string, err error) {
	source = strings.TrimSpace(u.Value)
	switch {
	case isWeb(source):
		parsed, err := url.Parse(source)
		if err != nil {
			return "", "", err
		}
		name = path.Base(parsed.Path)
	case strings.HasPrefix(source, "file://"):
		source = strings.TrimPrefix(source, "file://")
		name = path.Base(source)
	case path.IsAbs(source):
		name = path.Base(source)
	default:
		return "", "", fmt.Errorf("neither http, https, file nor an absolute path")
	}
	if o := u.GetOutputFile(); o != "" {
		name = o
	}
	if !filepath.IsLocal(name) || name == "." {
		return "", "", fmt.Errorf("name %q is not inside the sandbox", name)
	}
	return source, name, nil
}

// copyTo copies or downloads source to a file.
func copyTo(ctx context.Context, source string, out *os.File) error {
	in, err := open(ctx, source)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(out, in)
	return err
}

func open(ctx context.Context, source string) (io.ReadCloser, error) {
	if !isWeb(source) {
		return os.Open(source)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("server answered %s", resp.Status)
	}
	return resp.Body, nil
}
