package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bucket is where results live: named objects, written whole. Package dir keeps them in a folder, package s3
// in S3, Memory in this process; package buckettest holds what all must satisfy.
//
// Names are slash-separated and obey CheckName; no name may be a folder of another ("a" beside "a/b"). All
// methods are safe for concurrent use, block until done, and end early with ctx. Every error that another
// try may cure wraps ErrUnavailable.
type Bucket interface {
	// Put writes an object, replacing what had the name. It is atomic and durable: readers see the old object
	// or all of the new one, and once Put returns nil the object survives a crash. It reads src to its end
	// once, from where it stands; a src that is also an io.Seeker lets decorators try again.
	Put(ctx context.Context, name string, src io.Reader) error
	// Get opens an object. The error wraps ErrNotExist when there is none. The caller closes the reader.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Stat describes an object. The error wraps ErrNotExist when there is none.
	Stat(ctx context.Context, name string) (Object, error)
	// List yields every object whose name begins with prefix, in ascending order of names' bytes, and ends
	// after the first error. An empty prefix lists all. Objects put or deleted meanwhile may or may not
	// appear.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// ListAfter is List of the names behind another, which need not be there; what comes before costs next to nothing.
	ListAfter(ctx context.Context, prefix, after string) iter.Seq2[Object, error]
	// Folders yields, of the objects whose names begin with prefix and have a slash behind it, the names up to that
	// slash, each once and without it, in ascending order of their bytes with it. What lies in the folders costs next
	// to nothing. It ends after the first error. A folder may be among them that holds nothing any more.
	Folders(ctx context.Context, prefix string) iter.Seq2[string, error]
	// Delete removes objects, many by a few requests where the store can. That there was none is no error; after an
	// error any of them may be left.
	Delete(ctx context.Context, names ...string) error
}

// Object describes an object of a bucket.
type Object struct {
	Name     string
	Size     int64 // bytes
	Modified time.Time
	ETag     string // what the store names this content by; empty: it names none
}

// Errors of buckets, to be asked for with errors.Is.
var (
	ErrNotExist    = fs.ErrNotExist                                // no object of that name
	ErrName        = errors.New("name is not allowed in a bucket") // CheckName refused it
	ErrDenied      = errors.New("access to the bucket is denied")  // credentials missing, wrong or without the right
	ErrNoBucket    = errors.New("bucket does not exist")
	ErrUnavailable = errors.New("bucket is unavailable") // unreachable, throttling, broken off: may pass
	ErrTooLarge    = errors.New("larger than it may be") // of what is read, or written to be read, at once
)

// Unreadable tells whether an error of a read says nothing of what was to be read: the bucket cannot be read now, or by
// nobody, or who asked has gone.
func Unreadable(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrDenied))
}

// TempPrefix begins names that buckets keep for themselves; CheckName refuses them.
const TempPrefix = ".kaon-tmp"

// maxName leaves room for a bucket's own prefix within S3's 1,024 bytes; maxPart is what file systems allow.
const (
	maxName = 900
	maxPart = 255
)

// CheckName says whether an object may have this name: 1 to 900 bytes of UTF-8, parts between slashes of 1 to
// 255 bytes, none "." or "..", no backslash, nothing unprintable. So no name leads out of a bucket's folder.
func CheckName(name string) error {
	if fault := NameFault(name); fault != "" {
		return fmt.Errorf("%w: %.60q %s", ErrName, name, fault)
	}
	return nil
}

// NameFault says why CheckName refuses a name, as what follows "it"; it is empty for one that is allowed.
func NameFault(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxName:
		return fmt.Sprintf("has %d bytes, at most %d are allowed", len(name), maxName)
	case !utf8.ValidString(name):
		return "is not UTF-8"
	case strings.HasPrefix(name, TempPrefix):
		return fmt.Sprintf("begins with %s, which is kept for temporary files", TempPrefix)
	}
	for i, r := range name {
		if r == '\\' || !unicode.IsPrint(r) {
			return fmt.Sprintf("has a character that is not allowed at byte %d (%U)", i, r)
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "" || part == "." || part == "..":
			return fmt.Sprintf("has the part %q", part)
		case len(part) > maxPart:
			return fmt.Sprintf("has a part of %d bytes, at most %d are allowed", len(part), maxPart)
		}
	}
	return ""
}

// ListFolder is the folder that all objects whose names begin with prefix lie in or below, "" for the bucket
// itself; not ok when no name can begin so.
func ListFolder(prefix string) (folder string, ok bool) {
	i := strings.LastIndexByte(prefix, '/')
	if i < 0 {
		return "", true
	}
	return prefix[:i], CheckName(prefix[:i]) == nil
}

// FolderOf is what Folders yields of an object whose name begins with prefix; not ok when that is nothing.
func FolderOf(name, prefix string) (folder string, ok bool) {
	if len(name) <= len(prefix) {
		return "", false
	}
	i := strings.IndexByte(name[len(prefix):], '/')
	if i < 0 {
		return "", false
	}
	return name[:len(prefix)+i], true
}

// readTries is how often ReadObject opens an object whose reader breaks off.
const readTries = 3

// ReadObject is the content of an object of at most limit bytes; a larger one is ErrTooLarge, not memory.
func ReadObject(ctx context.Context, b Bucket, name string, limit int64) ([]byte, error) {
	for try := 1; ; try++ {
		r, err := b.Get(ctx, name)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(io.LimitReader(r, limit+1))
		r.Close()
		switch {
		case errors.Is(err, ErrUnavailable) && try < readTries:
			continue
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", name, err)
		case int64(len(data)) > limit:
			return nil, fmt.Errorf("read %s: %w: more than %d bytes", name, ErrTooLarge, limit)
		}
		return data, nil
	}
}
