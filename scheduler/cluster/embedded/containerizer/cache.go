package containerizer

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// fetchCache keeps downloads by address, as the fetcher cache of a Mesos agent does: each is downloaded once
// however many containers want it at the same time, and the least recently used goes when space is needed.
// What cannot be cached, because its size is not told or is larger than what can be freed, is downloaded by
// each container for itself.
type fetchCache struct {
	folder string
	space  int64 // bytes

	mu struct {
		sync.Mutex
		entries map[string]*list.Element // of kept, by key of the entry
		kept    *list.List               // of *cacheEntry, used longest ago first
		used    int64                    // bytes claimed
		serial  int                      // of the last file
	}
}

// cacheEntry is a file in the cache, or on its way there.
type cacheEntry struct {
	key, file string
	size      int64         // claimed; until the download has ended what its server said
	users     int           // containers that wait for it or copy it now; guarded by the cache's lock
	made      os.FileInfo   // the file as it was when it was made; set before ready
	dropped   bool          // it is out of the cache, and its file goes with the last user; guarded by the lock
	ready     chan struct{} // closed when err is set
	err       error         // it could not be brought, or not be kept
}

// mesosFetchCache is Mesos's own default size.
const mesosFetchCache = 2 << 30

// openFetchCache makes a cache in a folder, which it empties, as an agent does when it starts.
func openFetchCache(folder string, space int64) (*fetchCache, error) {
	c := &fetchCache{folder: folder, space: space}
	c.mu.entries, c.mu.kept = map[string]*list.Element{}, list.New()
	if c.space == 0 {
		c.space = mesosFetchCache
	}
	if err := c.clear(); err != nil {
		return nil, err
	}
	return c, nil
}

// clear removes all files. Executables that were linked into sandboxes stay there.
func (c *fetchCache) clear() error {
	if err := os.RemoveAll(c.folder); err != nil {
		return fmt.Errorf("empty the fetcher's cache: %w", err)
	}
	return nil
}

// errNotCached says that a container has to fetch for itself.
var errNotCached = errors.New("not in the cache")

// get returns an entry with what is at source; the caller must release it when it is copied. errNotCached is
// no failure: the caller downloads for itself. Other errors are those of the download.
func (c *fetchCache) get(ctx context.Context, source string) (e *cacheEntry, err error) {
	key, err := cacheKey(source)
	if err != nil {
		return nil, err
	}
	e, first := c.acquire(key)
	if first {
		if err := c.download(ctx, e, source); err != nil {
			c.release(e)
			return nil, err
		}
		return e, nil
	}
	select {
	case <-e.ready:
	case <-ctx.Done():
		c.release(e)
		return nil, ctx.Err()
	}
	if e.err != nil {
		c.release(e)
		return nil, fmt.Errorf("%w: %w", errNotCached, e.err)
	}
	return e, nil
}

// cacheKey is the address of a download. Unlike Mesos's it tells a local file from older ones of its name, by
// size and time of change.
func cacheKey(source string) (string, error) {
	if isWeb(source) {
		return source, nil
	}
	st, err := os.Stat(source)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d %d", source, st.Size(), st.ModTime().UnixNano()), nil
}

func isWeb(source string) bool {
	scheme, _, named := strings.Cut(source, "://")
	return named && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// acquire returns the entry of a key, and whether the caller is the first to want it and has to download it.
func (c *fetchCache) acquire(key string) (e *cacheEntry, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.mu.entries[key]; at != nil {
		e = at.Value.(*cacheEntry)
		if e.present() {
			c.mu.kept.MoveToBack(at)
			e.users++
			return e, false
		}
		c.drop(e)
	}
	c.mu.serial++
	e = &cacheEntry{key: key, file: filepath.Join(c.folder, strconv.Itoa(c.mu.serial)), users: 1,
		ready: make(chan struct{})}
	c.mu.entries[key] = c.mu.kept.PushBack(e)
	return e, true
}

// store downloads the file. It is read-only: executables are links of it, which nobody may write to.
func (e *cacheEntry) store(ctx context.Context, source string) error {
	f, err := os.OpenFile(e.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = copyTo(ctx, source, f)
	return errors.Join(err, f.Chmod(0o555), f.Close())
}

// present tells whether the file is as it was put there, or on its way: somebody may have removed or changed
// it.
func (e *cacheEntry) present() bool {
	select {
	case <-e.ready:
		st, err := os.Stat(e.file)
		return err == nil && os.SameFile(st, e.made) && st.Size() == e.size && st.ModTime().Equal(e.made.ModTime())
	default:
		return true
	}
}

// download fills a new entry. When it fails, whoever waits for the entry downloads for itself.
func (c *fetchCache) download(ctx context.Context, e *cacheEntry, source string) error {
	size, err := sizeOf(ctx, source)
	if err == nil {
		err = c.reserve(e, size)
	}
	if err != nil {
		c.fail(e, err)
		return fmt.Errorf("%w: %w", errNotCached, err)
	}
	if err = os.MkdirAll(c.folder, 0o700); err == nil {
		err = e.store(ctx, source)
	}
	if err != nil {
		c.fail(e, err)
		return err
	}
	st, err := os.Stat(e.file)
	if err == nil && st.Size() > size {
		err = fmt.Errorf("its server told %d bytes and sent %d", size, st.Size())
	}
	if err != nil {
		c.fail(e, err) // for others; this one has it
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.used -= e.size - st.Size()
	e.made = st
	e.size = st.Size()
	close(e.ready)
	return nil
}

// reserve makes room for an entry by dropping the least recently used ones; those that are being copied stay.
func (c *fetchCache) reserve(e *cacheEntry, size int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var victims []*cacheEntry
	missing := c.mu.used + size - c.space
	for at := c.mu.kept.Front(); at != nil && missing > 0; at = at.Next() {
		if v := at.Value.(*cacheEntry); v.users == 0 {
			victims = append(victims, v)
			missing -= v.size
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d bytes are too many for a cache of %d", size, c.space)
	}
	for _, v := range victims {
		c.drop(v)
	}
	e.size = size
	c.mu.used += size
	return nil
}

// fail removes an entry that could not be filled.
func (c *fetchCache) fail(e *cacheEntry, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.err = err
	close(e.ready)
	c.drop(e)
}

// drop removes an entry and its file. The lock is held.
func (c *fetchCache) drop(e *cacheEntry) {
	at := c.mu.entries[e.key]
	if at == nil || at.Value.(*cacheEntry) != e {
		return
	}
	delete(c.mu.entries, e.key)
	c.mu.kept.Remove(at)
	c.mu.used -= e.size
	e.size, e.dropped = 0, true
	e.removeIfUnused()
}

// release says that a container needs the file no more.
func (c *fetchCache) release(e *cacheEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.users--
	e.removeIfUnused()
}

// removeIfUnused removes the file of a dropped entry when its last user has copied it. The lock is held.
func (e *cacheEntry) removeIfUnused() {
	if e.dropped && e.users == 0 {
		_ = os.Remove(e.file) // it may never have come to be
	}
}

// sizeOf asks how large something is before it is downloaded, by HEAD; a server may not say.
func sizeOf(ctx context.Context, source string) (int64, error) {
	if !isWeb(source) {
		st, err := os.Stat(source)
		if err != nil {
			return 0, err
		}
		if !st.Mode().IsRegular() {
			return 0, fmt.Errorf("%s: %w", source, fs.ErrInvalid)
		}
		return st.Size(), nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, source, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	switch n := resp.ContentLength; {
	case n < 0:
		return 0, errors.New("its server does not tell its size")
	case n == 0:
		return 0, errors.New("its server tells a size of 0")
	default:
		return n, nil
	}
}
