package transfer

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// maxDamaged is how often a file may arrive other than it was announced: it is being written to.
const maxDamaged = 3

// Upload leaves a file at an attempt's URL and returns when the bucket has it whole. The file must not change
// meanwhile. It reads the file as it goes, a part of at most 16 MiB at a time (more beyond 160 GB), and never
// holds one.
func (c *Client) Upload(
	ctx context.Context, attempt string, kind Kind, name string, f *os.File,
) (results.Artifact, error) {
	u := &upload{client: c, url: attempt, file: f}
	damaged := 0
	err := c.retry(ctx, func() (int64, error) {
		if u.SHA256 == "" {
			if err := u.measure(ctx, kind, name); err != nil {
				return 0, err
			}
		}
		err := u.send(ctx)
		var s *status
		if errors.As(err, &s) && s.code == http.StatusUnprocessableEntity {
			u.SHA256, u.etags, u.Upload = "", nil, ""
			if damaged++; damaged >= maxDamaged {
				return u.sent, fmt.Errorf("%w %s: it changes while it is sent", errRead, name)
			}
		}
		return u.sent, err
	})
	if err != nil {
		return results.Artifact{}, fmt.Errorf("deliver %s: %w", name, err)
	}
	return results.Artifact{Name: name, Size: u.Size, SHA256: u.SHA256}, nil
}

// upload is one file on its way.
type upload struct {
	client *Client
	url    string
	file   *os.File
	sent   int64 // bytes that the other side has confirmed
	etags  []string
	stored hash.Hash // SHA-256 of what the store has, the parts of etags or the whole
	uploadRequest
}

// measure reads the file for its size and checksum, and of one that grows meanwhile what was there at first.
func (u *upload) measure(ctx context.Context, kind Kind, name string) error {
	h := sha256.New()
	if _, err := u.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("%w %s: %w", errRead, name, err)
	}
	about, err := u.file.Stat()
	if err != nil {
		return fmt.Errorf("%w %s: %w", errRead, name, err)
	}
	n, err := io.Copy(h, io.LimitReader(archive.ContextReader(ctx, u.file), about.Size()))
	if err != nil {
		return fmt.Errorf("%w %s: %w", errRead, name, err)
	}
	u.uploadRequest = uploadRequest{Kind: kind, Name: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}
	return nil
}

// send asks how to send the file and sends what the other side has not got yet.
func (u *upload) send(ctx context.Context) error {
	var p uploadPlan
	if err := u.client.call(ctx, u.url+"/offer", u.uploadRequest, &p); err != nil {
		return err
	}
	var err error
	switch p.Method {
	case byChunks:
		err = u.chunks(ctx, p)
	case byPut:
		_, err = u.put(ctx, 0, 0, u.Size)
	case byParts:
		if p.Upload != u.Upload {
			u.etags = nil
		}
		u.Upload = p.Upload
		err = u.parts(ctx, p)
	default:
		err = &status{http.StatusBadRequest,
			fmt.Sprintf("the file server wants an unknown method of upload: %q", p.Method)}
	}
	if err != nil {
		return err
	}
	// The store compares each request with itself alone.
	if p.Method != byChunks && hex.EncodeToString(u.stored.Sum(nil)) != u.SHA256 {
		return &status{http.StatusUnprocessableEntity, "what was sent is not what was announced"}
	}
	return u.client.call(ctx, u.url+"/done", completeRequest{u.uploadRequest, u.etags}, nil)
}

func (u *upload) chunks(ctx context.Context, p uploadPlan) error {
	for u.sent = p.Offset; u.sent < u.Size; {
		n := min(p.Part, u.Size-u.sent)
		q := url.Values{"kind": {string(u.Kind)}, "name": {u.Name}, "offset": {strconv.FormatInt(u.sent, 10)},
			"size": {strconv.FormatInt(u.Size, 10)}, "sha256": {u.SHA256}}
		to := bucket.Signed{URL: u.url + "/chunk?" + q.Encode()}
		if _, err := u.client.put(ctx, to, io.NewSectionReader(u.file, u.sent, n), n); err != nil {
			return err
		}
		u.sent += n
	}
	return nil
}

func (u *upload) parts(ctx context.Context, p uploadPlan) error {
	for begin := int64(len(u.etags)) * p.Part; begin < u.Size; begin += p.Part {
		tag, err := u.put(ctx, len(u.etags)+1, begin, min(p.Part, u.Size-begin))
		if err != nil {
			return err
		}
		u.etags = append(u.etags, tag)
		u.sent = min(begin+p.Part, u.Size)
	}
	return nil
}

// put has a request signed for a part of the file, and makes it. A refusal by the store may be that of a
// signature that grew too old, so it is not lasting.
func (u *upload) put(ctx context.Context, part int, begin, size int64) (etag string, err error) {
	h, whole := md5.New(), sha256.New()
	if begin > 0 {
		before, err := u.stored.(hash.Cloner).Clone() // a part may have to be put again
		if err != nil {
			return "", err
		}
		whole = before
	}
	section := archive.ContextReader(ctx, io.NewSectionReader(u.file, begin, size))
	if _, err := io.Copy(io.MultiWriter(h, whole), section); err != nil {
		return "", fmt.Errorf("%w %s: %w", errRead, u.Name, err)
	}
	var signed bucket.Signed
	sum := base64.StdEncoding.EncodeToString(h.Sum(nil))
	ask := signRequest{uploadRequest: u.uploadRequest, Part: part, Size: size, MD5: sum}
	if err := u.client.call(ctx, u.url+"/sign", ask, &signed); err != nil {
		return "", err
	}
	header, err := u.client.put(ctx, signed, io.NewSectionReader(u.file, begin, size), size)
	if err != nil {
		var s *status
		if errors.As(err, &s) {
			err = fmt.Errorf("the store answers %d: %.300s", s.code, s.text)
		}
		if s != nil && s.code == http.StatusNotFound {
			u.Upload, u.etags = "", nil // an upload that somebody ended
		}
		return "", err
	}
	u.stored = whole
	return header.Get("ETag"), nil
}
