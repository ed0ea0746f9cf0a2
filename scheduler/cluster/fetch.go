package cluster

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// fetchAll brings what a command needs into its sandbox, in order.
func fetchAll(ctx context.Context, uris []mesos.CommandInfo_URI, sandbox string, cache *fetchCache) error {
	for i := range uris {
		if err := fetch(ctx, &uris[i], sandbox, cache); err != nil {
			return fmt.Errorf("fetch %s: %w", path.Base(uris[i].Value), unaddressed(err))
		}
	}
	return nil
}

// unaddressed is an error without the address it speaks of, which may be a secret that lets in who knows it.
func unaddressed(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}

// fetch brings one file: copied or downloaded, made executable or extracted as asked. A cached executable is linked
// from the cache: thousands of sandboxes then hold the bytes once. Anything else is copied, as its owner may write to it.
func fetch(ctx context.Context, u *mesos.CommandInfo_URI, sandbox string, cache *fetchCache) error {
	source, name, err := locate(u)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(sandbox)
	if err != nil {
		return err
	}
	defer root.Close()
	if d := path.Dir(name); d != "." {
		if err := root.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	target := filepath.Join(sandbox, name)
	if u.GetCache() {
		e, err := cache.get(ctx, source)
		switch {
		case err == nil:
			defer cache.release(e)
			source = e.file
		case !errors.Is(err, errNotKept):
			return err
		}
		if err == nil && u.GetExecutable() && os.Link(source, target) == nil {
			return nil
		}
	}
	if err := bring(ctx, source, target); err != nil {
		return err
	}
	if u.GetExecutable() {
		return root.Chmod(name, 0o755)
	}
	if u.Extract == nil || *u.Extract {
		return extract(root, name)
	}
	return nil
}

// locate gives where a URI is, as an http URL or a local path, and the name it gets in the sandbox.
func locate(u *mesos.CommandInfo_URI) (source, name string, err error) {
	source = strings.TrimSpace(u.Value)
	switch {
	case strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://"):
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

// bring copies or downloads source to the file target.
func bring(ctx context.Context, source, target string) error {
	in, err := open(ctx, source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
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

// extract unpacks an archive, known by its name, beside itself; other files are left as they are.
func extract(root *os.Root, name string) error {
	switch {
	case strings.HasSuffix(name, ".zip"):
		return unzip(root, name)
	case strings.HasSuffix(name, ".tar"), strings.HasSuffix(name, ".tar.gz"), strings.HasSuffix(name, ".tgz"):
		return untar(root, name)
	}
	return nil
}

func untar(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var in io.Reader = f
	if !strings.HasSuffix(name, ".tar") {
		if in, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(path.Clean(h.Name), 0o755)
		case tar.TypeReg:
			err = unpack(root, h.Name, fs.FileMode(h.Mode)&0o777, r)
		case tar.TypeSymlink:
			err = root.Symlink(h.Linkname, path.Clean(h.Name)) // followed only inside the root by what is unpacked later
		}
		if err != nil {
			return err
		}
	}
}

func unzip(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := zip.NewReader(f, st.Size())
	if err != nil {
		return err
	}
	for _, x := range r.File {
		if strings.HasSuffix(x.Name, "/") {
			continue
		}
		in, err := x.Open()
		if err != nil {
			return err
		}
		err = unpack(root, x.Name, x.Mode()&0o777, in)
		if err = errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return nil
}

// unpack writes one file of an archive; root refuses every name that leads outside.
func unpack(root *os.Root, name string, mode fs.FileMode, in io.Reader) error {
	name = path.Clean(name)
	if d := path.Dir(name); d != "." {
		if err := root.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	out, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
