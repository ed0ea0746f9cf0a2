package buckettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// Run tests the buckets that open makes: each call an empty one.
func Run(t *testing.T, open func(t *testing.T) bucket.Bucket) {
	for _, c := range []struct {
		name string
		test func(*testing.T, bucket.Bucket)
	}{
		{"what was put is got", putGet},
		{"put replaces", replace},
		{"large object", large},
		{"source of unknown length", unknownLength},
		{"what is not there", notThere},
		{"bad names", badNames},
		{"names are kept as they are", oddNames},
		{"list in byte order", list},
		{"list ends early", listEarly},
		{"folders", folders},
		{"delete", remove},
		{"delete many", removeMany},
		{"a put that fails leaves nothing", brokenSource},
		{"readers see all or nothing", atomic},
		{"context ends everything", ended},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func put(t *testing.T, b bucket.Bucket, name, content string) {
	t.Helper()
	if err := b.Put(t.Context(), name, strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, b bucket.Bucket, name string) string {
	t.Helper()
	data, err := bucket.ReadObject(t.Context(), b, name, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func names(t *testing.T, b bucket.Bucket, prefix string) []string {
	t.Helper()
	names := []string{}
	for o, err := range b.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, o.Name)
	}
	return names
}

func putGet(t *testing.T, b bucket.Bucket) {
	for _, content := range []string{"", "x", strings.Repeat("kaon", 50_000)} {
		put(t, b, "sweeps/a/board.json", content)
		if got := get(t, b, "sweeps/a/board.json"); got != content {
			t.Errorf("got %d bytes, put %d", len(got), len(content))
		}
		o, err := b.Stat(t.Context(), "sweeps/a/board.json")
		if err != nil || o.Size != int64(len(content)) || o.Name != "sweeps/a/board.json" || o.Modified.IsZero() {
			t.Errorf("stat: %+v, %v", o, err)
		}
	}
}

func replace(t *testing.T, b bucket.Bucket) {
	put(t, b, "a", "a longer first version")
	put(t, b, "a", "second")
	if got := get(t, b, "a"); got != "second" {
		t.Errorf("got %q", got)
	}
}

func large(t *testing.T, b bucket.Bucket) {
	content := make([]byte, 17<<20+3)                 // more than one part of a multipart upload
	_, _ = rand.NewChaCha8([32]byte{2}).Read(content) // never fails
	if err := b.Put(t.Context(), "large", bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if got := get(t, b, "large"); got != string(content) {
		t.Errorf("got %d bytes back that differ from the %d put", len(got), len(content))
	}
}

func unknownLength(t *testing.T, b bucket.Bucket) {
	const size = 17<<20 + 5
	src := io.LimitReader(rand.NewChaCha8([32]byte{1}), size)
	if err := b.Put(t.Context(), "stream", src); err != nil {
		t.Fatal(err)
	}
	want, _ := io.ReadAll(io.LimitReader(rand.NewChaCha8([32]byte{1}), size))
	if got := get(t, b, "stream"); got != string(want) {
		t.Errorf("got %d bytes back that differ from the %d put", len(got), size)
	}
}

func notThere(t *testing.T, b bucket.Bucket) {
	put(t, b, "a/b", "x")
	for _, name := range []string{"b", "a", "a/c", "a/b/c"} {
		if _, err := b.Get(t.Context(), name); !errors.Is(err, bucket.ErrNotExist) {
			t.Errorf("get %s: %v", name, err)
		}
		if _, err := b.Stat(t.Context(), name); !errors.Is(err, bucket.ErrNotExist) {
			t.Errorf("stat %s: %v", name, err)
		}
		if err := b.Delete(t.Context(), name); err != nil {
			t.Errorf("delete %s: %v", name, err)
		}
	}
	if got := get(t, b, "a/b"); got != "x" {
		t.Errorf("a/b is %q now", got)
	}
}

func badNames(t *testing.T, b bucket.Bucket) {
	for _, name := range []string{"", "/", "/etc/passwd", "..", "../a", "a/../../b", "a/..", "a//b", "a/", "./a",
		`a\b`, "a\x00b", "a\nb", "a\xff", strings.Repeat("x", 256), strings.Repeat("x/", 600) + "x",
		bucket.TempPrefix, bucket.TempPrefix + "/a"} {
		if err := b.Put(t.Context(), name, strings.NewReader("x")); !errors.Is(err, bucket.ErrName) {
			t.Errorf("put %.40q: %v", name, err)
		}
		if _, err := b.Get(t.Context(), name); !errors.Is(err, bucket.ErrName) {
			t.Errorf("get %.40q: %v", name, err)
		}
		if _, err := b.Stat(t.Context(), name); !errors.Is(err, bucket.ErrName) {
			t.Errorf("stat %.40q: %v", name, err)
		}
		if err := b.Delete(t.Context(), name); !errors.Is(err, bucket.ErrName) {
			t.Errorf("delete %.40q: %v", name, err)
		}
	}
	if got := names(t, b, ""); len(got) > 0 {
		t.Errorf("objects appeared: %q", got)
	}
}

func oddNames(t *testing.T, b bucket.Bucket) {
	odd := []string{"a b", "a+b", "a%2Fb", "ä/日本", "a&b=c?d#e", "~", "...", ".hidden", "a:b", "'\"", "*", "-"}
	for _, name := range odd {
		put(t, b, name, name)
	}
	slices.Sort(odd)
	if got := names(t, b, ""); !slices.Equal(got, odd) {
		t.Errorf("listed %q, put %q", got, odd)
	}
	for _, name := range odd {
		if got := get(t, b, name); got != name {
			t.Errorf("%q holds %q", name, got)
		}
	}
}

func list(t *testing.T, b bucket.Bucket) {
	all := []string{"a-b", "a/b", "a/b-c", "a/c/d", "a/c-d", "a0", "b/1", "b/10", "b/2", "c"}
	for _, name := range all {
		put(t, b, name, "12345")
	}
	slices.Sort(all)
	for _, prefix := range []string{"", "a", "a/", "a/c", "a/c/", "b/1", "c", "d", "/", "../", "a/b/", "c/"} {
		want := []string{}
		for _, name := range all {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		if got := names(t, b, prefix); !slices.Equal(got, want) {
			t.Errorf("list %q: got %q, want %q", prefix, got, want)
		}
	}
	for _, prefix := range []string{"", "a", "a/", "a/c", "b/1", "d", "/", "../"} {
		want := []string{}
		for _, name := range all {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		for _, after := range append([]string{"", "a/", "a/c", "a/c/", "a/c0", "b", "b/" + string(unicode.MaxRune),
			"z", "/", "A"}, all...) {
			got, behind := []string{}, want[sort.Search(len(want), func(i int) bool { return want[i] > after }):]
			for o, err := range b.ListAfter(t.Context(), prefix, after) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, o.Name)
			}
			if !slices.Equal(got, behind) {
				t.Errorf("list %q behind %q: got %q, want %q", prefix, after, got, behind)
			}
		}
	}
	for prefix, want := range map[string][]string{
		"": {"a", "b"}, "a": {"a"}, "a/": {"a/c"}, "a/c": {"a/c"}, "a/c/": {}, "a/b": {}, "b": {"b"}, "b/": {}, "d": {},
		"d/": {}, "/": {}, "../": {},
	} {
		if got := foldersOf(t, b, prefix); !slices.Equal(got, want) {
			t.Errorf("folders of %q: got %q, want %q", prefix, got, want)
		}
	}
	for o, err := range b.List(t.Context(), "a0") {
		if err != nil || o.Size != 5 || o.Modified.IsZero() {
			t.Errorf("list a0: %+v, %v", o, err)
		}
	}
}

func foldersOf(t *testing.T, b bucket.Bucket, prefix string) []string {
	t.Helper()
	all := []string{}
	for folder, err := range b.Folders(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, folder)
	}
	return all
}

// Folders stand in the order of their names with a slash behind.
func folders(t *testing.T, b bucket.Bucket) {
	for _, name := range []string{"s/a-b/x", "s/a/x", "s/a/y/z", "s/a0/x", "s/ä b/x", "s/file", "t/x"} {
		put(t, b, name, "x")
	}
	if got, want := foldersOf(t, b, "s/"), []string{"s/a-b", "s/a", "s/a0", "s/ä b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for folder, err := range b.Folders(t.Context(), "s/") {
		if folder != "s/a-b" || err != nil {
			t.Errorf("%s, %v", folder, err)
		}
		break
	}
	if err := b.Delete(t.Context(), "s/a/x", "s/a/y/z"); err != nil {
		t.Fatal(err)
	}
	if got := foldersOf(t, b, "s/"); slices.Contains(got, "s/a") {
		t.Errorf("after its objects are gone: %q", got)
	}
}

func listEarly(t *testing.T, b bucket.Bucket) {
	for i := range 5 {
		put(t, b, fmt.Sprintf("a/%d", i), "x")
	}
	n := 0
	for range b.List(t.Context(), "") {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d objects before the break", n)
	}
}

func remove(t *testing.T, b bucket.Bucket) {
	put(t, b, "a/b/c", "x")
	put(t, b, "a/d", "y")
	for range 2 {
		if err := b.Delete(t.Context(), "a/b/c"); err != nil {
			t.Error(err)
		}
	}
	if got := names(t, b, ""); !slices.Equal(got, []string{"a/d"}) {
		t.Errorf("left: %q", got)
	}
	put(t, b, "a/b", "a name that was a folder") // S3 knows no folders, so nothing of them may stay behind
	if got := get(t, b, "a/d"); got != "y" {
		t.Errorf("a/d is %q", got)
	}
}

func removeMany(t *testing.T, b bucket.Bucket) {
	var all []string
	for i := range 20 {
		all = append(all, fmt.Sprintf("a/%d/ä & <b>", i))
		put(t, b, all[i], "x")
	}
	put(t, b, "a/stays", "x")
	all = append(all, "a", "a/0", "b")
	for i := range 2000 { // more than S3 takes at once, most of which are not there
		all = append(all, fmt.Sprintf("a/%d/none", i))
	}
	for range 2 {
		if err := b.Delete(t.Context(), all...); err != nil {
			t.Error(err)
		}
	}
	if err := b.Delete(t.Context()); err != nil {
		t.Errorf("none: %v", err)
	}
	if got := names(t, b, ""); !slices.Equal(got, []string{"a/stays"}) {
		t.Errorf("left: %q", got)
	}
	if err := b.Delete(t.Context(), "a/stays", "../a"); !errors.Is(err, bucket.ErrName) {
		t.Errorf("a bad name among others: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Delete(ctx, "a/stays", "b"); !errors.Is(err, context.Canceled) {
		t.Errorf("many with a context that has ended: %v", err)
	}
}

// broken is a source that fails after n bytes.
type broken struct{ n int }

var errBroken = errors.New("source broke")

func (b *broken) Read(p []byte) (int, error) {
	if b.n <= 0 {
		return 0, errBroken
	}
	n := min(len(p), b.n)
	b.n -= n
	return n, nil
}

func brokenSource(t *testing.T, b bucket.Bucket) {
	put(t, b, "old", "as it was")
	for _, size := range []int{0, 10, 18 << 20} {
		for _, name := range []string{"old", "new"} {
			if err := b.Put(t.Context(), name, &broken{size}); !errors.Is(err, errBroken) {
				t.Errorf("put %s, %d bytes: %v", name, size, err)
			}
		}
	}
	if got := get(t, b, "old"); got != "as it was" {
		t.Errorf("old is %.20q", got)
	}
	if got := names(t, b, ""); !slices.Equal(got, []string{"old"}) {
		t.Errorf("objects: %q", got)
	}
}

func atomic(t *testing.T, b bucket.Bucket) {
	version := func(i int) string { return strings.Repeat(string(rune('a'+i)), 100_000+i) }
	put(t, b, "x/board.json", version(0))
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 12 {
			if err := b.Put(t.Context(), "x/board.json", strings.NewReader(version(i))); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			for range 25 {
				got, err := bucket.ReadObject(t.Context(), b, "x/board.json", 1<<20)
				if err != nil || string(got) != version(int(got[0]-'a')) {
					t.Errorf("read a torn object of %d bytes, %v", len(got), err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func ended(t *testing.T, b bucket.Bucket) {
	put(t, b, "a", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, errGet := b.Get(ctx, "a")
	_, errStat := b.Stat(ctx, "a")
	var errList error
	for _, err := range b.List(ctx, "") {
		errList = err
	}
	var errFolders error
	for _, err := range b.Folders(ctx, "") {
		errFolders = err
	}
	for op, err := range map[string]error{"folders": errFolders, "put": b.Put(ctx, "b", strings.NewReader("x")),
		"get":  errGet,
		"stat": errStat, "list": errList, "delete": b.Delete(ctx, "a")} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", op, err)
		}
	}
}
