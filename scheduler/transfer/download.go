package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
)

// Download fetches a file to a path, going on where it stopped when it breaks off, and compares its SHA-256
// when one is given. The path holds all of the file when it returns nil, a beginning else.
func (c *Client) Download(ctx context.Context, address, path, sum string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// O_EXCL: never through a link that somebody put there.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	g := &download{client: c, url: address, file: f}
	err = c.retry(ctx, func() (int64, error) {
		err := g.fetch(ctx)
		return g.have, err
	})
	if err != nil {
		return err
	}
	if sum == "" {
		return f.Close()
	}
	h := sha256.New()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		return fmt.Errorf("its sha256 is %s, not %s", got, sum)
	}
	return f.Close()
}

type download struct {
	client *Client
	url    string
	file   *os.File
	have   int64
	etag   string // of what we have; without one it begins anew
}

func (g *download) fetch(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url, nil)
	if err != nil {
		return &status{http.StatusBadRequest, withoutURL(err).Error()}
	}
	if g.have > 0 && g.etag != "" {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", g.have))
		req.Header.Set("If-Range", g.etag)
	}
	resp, err := g.client.http().Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer resp.Body.Close()
	if err := refused(resp); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusPartialContent {
		g.have, g.etag = 0, resp.Header.Get("ETag")
		if err := g.file.Truncate(0); err != nil {
			return fmt.Errorf("%w: %w", errRead, err)
		}
	}
	if _, err := g.file.Seek(g.have, io.SeekStart); err != nil {
		return fmt.Errorf("%w: %w", errRead, err)
	}
	n, err := io.Copy(g.file, resp.Body)
	g.have += n
	var disk *os.PathError
	if errors.As(err, &disk) {
		return fmt.Errorf("%w: %w", errRead, err) // a full disk
	}
	return err
}

// maxSecrets bounds the answer: an environment is not larger.
const maxSecrets = 1 << 20

// FetchSecrets gets the variables of Server.Secrets.
func (c *Client) FetchSecrets(ctx context.Context, address string) (values map[string]string, err error) {
	err = c.retry(ctx, func() (int64, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return 0, &status{http.StatusBadRequest, withoutURL(err).Error()}
		}
		resp, err := c.http().Do(req)
		if err != nil {
			return 0, withoutURL(err)
		}
		defer resp.Body.Close()
		if err := refused(resp); err != nil {
			return 0, err
		}
		return 0, json.NewDecoder(io.LimitReader(resp.Body, maxSecrets)).Decode(&values)
	})
	if err != nil {
		return nil, fmt.Errorf("get secrets: %w", err)
	}
	return values, nil
}
