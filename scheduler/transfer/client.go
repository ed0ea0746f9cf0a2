package transfer

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
)

// Client is an executor's side. It is patient: a depot that is away is asked again and again until it has not been
// heard of for Patience, since its process may be killed and resumed. Its methods may be called from any goroutine,
// and end early with their context.
type Client struct {
	HTTP     *http.Client  // nil: one of its own, without proxies' caches
	Patience time.Duration // without progress; 0: one hour
	First    time.Duration // wait before the second try, twice as long each time; 0: 100 ms
	Longest  time.Duration // 0: 10 s
}

var plain = &http.Client{Transport: &http.Transport{
	Proxy:               http.ProxyFromEnvironment,
	DialContext:         (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
	TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: 5 * time.Minute, // joining parts takes S3 its time
	DisableCompression: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
}}

func (c *Client) http() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return plain
}

// status is an answer other than yes.
type status struct {
	code int
	text string
}

func (s *status) Error() string {
	if s.text == "" {
		return strconv.Itoa(s.code) + " " + http.StatusText(s.code)
	}
	return s.text
}

// lasting reports whether another try is pointless.
func lasting(err error) bool {
	var s *status
	if !errors.As(err, &s) {
		return errors.Is(err, errFile)
	}
	switch s.code {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		return false
	}
	return s.code < 500 || s.code == http.StatusInsufficientStorage
}

// errFile: what is to be sent cannot be read.
var errFile = errors.New("read")

// retry does something until it succeeds, fails for good, or has made no progress for too long. do says how much of it
// has been done, of which more than before is progress.
func (c *Client) retry(ctx context.Context, do func() (progress int64, err error)) error {
	patience, first, longest := c.Patience, c.First, c.Longest
	if patience == 0 {
		patience = time.Hour
	}
	if first == 0 {
		first = 100 * time.Millisecond
	}
	if longest == 0 {
		longest = 10 * time.Second
	}
	last, most, wait := time.Now(), int64(0), first
	for {
		progress, err := do()
		if err == nil || ctx.Err() != nil || lasting(err) {
			return errors.Join(err, ctx.Err())
		}
		if progress > most {
			last, most, wait = time.Now(), progress, first
		}
		if time.Since(last) > patience {
			return fmt.Errorf("no progress for %v: %w", patience, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait/2+1)):
		}
		wait = min(2*wait, longest)
	}
}

// maxDamaged is how often a file may arrive other than it was offered: it is being written to.
const maxDamaged = 3

// Upload leaves a file at an attempt's URL and returns when the bucket has it whole. The file must not change meanwhile.
// It reads the file as it goes, a part of at most 16 MiB at a time (more beyond 160 GB), and never holds one.
func (c *Client) Upload(ctx context.Context, attempt string, kind Kind, name string, f *os.File) (results.Artifact, error) {
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
				return u.sent, fmt.Errorf("%w %s: it changes while it is sent", errFile, name)
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
	offer
}

// Reader ends a copy of a file when ctx does.
func Reader(ctx context.Context, src io.Reader) io.Reader { return reader{ctx, src} }

type reader struct {
	ctx context.Context
	src io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.src.Read(p)
}

// measure reads the file for its size and checksum.
func (u *upload) measure(ctx context.Context, kind Kind, name string) error {
	h := sha256.New()
	if _, err := u.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("%w %s: %w", errFile, name, err)
	}
	n, err := io.Copy(h, Reader(ctx, u.file))
	if err != nil {
		return fmt.Errorf("%w %s: %w", errFile, name, err)
	}
	u.offer = offer{Kind: kind, Name: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}
	return nil
}

// send offers the file and sends what the other side has not got yet.
func (u *upload) send(ctx context.Context) error {
	var p plan
	if err := u.client.call(ctx, u.url+"/offer", u.offer, &p); err != nil {
		return err
	}
	var err error
	switch p.Way {
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
		err = &status{http.StatusBadRequest, fmt.Sprintf("the depot speaks of a way that is not known: %q", p.Way)}
	}
	if err != nil {
		return err
	}
	return u.client.call(ctx, u.url+"/done", done{u.offer, u.etags}, nil)
}

func (u *upload) chunks(ctx context.Context, p plan) error {
	for u.sent = p.Offset; u.sent < u.Size; {
		n := min(p.Part, u.Size-u.sent)
		q := url.Values{"kind": {string(u.Kind)}, "name": {u.Name}, "offset": {strconv.FormatInt(u.sent, 10)},
			"size": {strconv.FormatInt(u.Size, 10)}, "sha256": {u.SHA256}}
		if _, err := u.client.put(ctx, bucket.Signed{URL: u.url + "/chunk?" + q.Encode()}, io.NewSectionReader(u.file, u.sent, n), n); err != nil {
			return err
		}
		u.sent += n
	}
	return nil
}

func (u *upload) parts(ctx context.Context, p plan) error {
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

// put has a request signed for a part of the file, and makes it. A refusal by the store may be that of a signature
// that grew too old, so it is not lasting.
func (u *upload) put(ctx context.Context, part int, begin, size int64) (etag string, err error) {
	h := md5.New()
	if _, err := io.Copy(h, Reader(ctx, io.NewSectionReader(u.file, begin, size))); err != nil {
		return "", fmt.Errorf("%w %s: %w", errFile, u.Name, err)
	}
	var signed bucket.Signed
	ask := signing{offer: u.offer, Part: part, Size: size, MD5: base64.StdEncoding.EncodeToString(h.Sum(nil))}
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
	return header.Get("ETag"), nil
}

// call sends a small request and reads the answer.
func (c *Client) call(ctx context.Context, address string, ask, reply any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return masked(err)
	}
	resp, err := c.http().Do(req)
	if err != nil {
		return masked(err)
	}
	defer resp.Body.Close()
	if err := refused(resp); err != nil || reply == nil {
		return err
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxRequest)).Decode(reply)
}

func (c *Client) put(ctx context.Context, to bucket.Signed, body io.Reader, size int64) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, to.URL, io.NopCloser(body))
	if err != nil {
		return nil, masked(err)
	}
	req.ContentLength = size
	if size == 0 {
		req.Body = http.NoBody
	}
	for name, value := range to.Headers {
		req.Header.Set(name, value)
	}
	resp, err := c.http().Do(req)
	if err != nil {
		return nil, masked(err)
	}
	defer resp.Body.Close()
	return resp.Header, refused(resp)
}

func refused(resp *http.Response) error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
	return &status{resp.StatusCode, strings.TrimSpace(string(text))}
}

// masked is an error of net/http without its URL, which is a key to what it names.
func masked(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
