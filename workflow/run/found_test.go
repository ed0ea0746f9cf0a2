package run

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket/open"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
)

func addresses(all []Found) []string {
	list := []string{}
	for _, one := range all {
		list = append(list, one.Address)
	}
	return list
}

func TestFilesAreFound(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"in/a.csv", "in/b.csv", "in/c.txt", "in/x/d.csv", "in/y/e.csv", "out/f.csv"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]string{
		"/in/*.csv": "a.csv b.csv", "/in/a.csv": "a.csv", "/in/[ab].*": "a.csv b.csv", "/in/*/*.csv": "x/d.csv y/e.csv", "/in/": "a.csv b.csv c.txt x/d.csv y/e.csv",
		"/in/?/": "x/d.csv y/e.csv", "/in/none": "", "/nothing/*": "", "/in/x": "", "/in/a.csv/*": "",
	} {
		found, err := Find(t.Context(), top+pattern)
		if err != nil && pattern != "/in/a.csv/*" { // a file is no folder
			t.Errorf("%s: %v", pattern, err)
		}
		got := strings.Join(sortedBehind(found, top+"/in/"), " ")
		if got != want {
			t.Errorf("%s finds %q, want %q", pattern, got, want)
		}
	}
	file := filepath.Join(top, "in/a.csv")
	one := func() Found {
		t.Helper()
		all, err := Find(t.Context(), file)
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		return all[0]
	}
	before := one()
	if before.Size != 8 || before.Object || before.Modified.IsZero() {
		t.Errorf("it is %+v", before)
	}
	if err := os.Chtimes(file, time.Time{}, before.Modified.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if after := one(); after.ETag == before.ETag {
		t.Errorf("a change is not seen: %+v, %+v", before, after)
	}
}

func sortedBehind(all []Found, top string) []string {
	list := addresses(all)
	for i := range list {
		list[i] = strings.TrimPrefix(list[i], top)
	}
	slices.Sort(list)
	return list
}

// Links lead nowhere, what is no file blocks nothing, names that cannot be told are left out, and what is too much is refused.
func TestAttackFilesThatAreFound(t *testing.T) {
	top := t.TempDir()
	in, secret := filepath.Join(top, "in"), filepath.Join(top, "secret")
	for _, dir := range []string{in, secret} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	good := filepath.Join(in, "$(touch x); 'a' \"b\" ü.csv")
	for _, name := range []string{good, filepath.Join(secret, "key.csv"), filepath.Join(in, "a\nb.csv"), filepath.Join(in, "a\xff.csv"), filepath.Join(in, "\x1b[2J.csv")} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Skipf("this file system has no such names: %v", err)
		}
	}
	if err := os.Mkdir(filepath.Join(in, "closed"), 0o444); err != nil { // root may look in all the same
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link.csv": filepath.Join(secret, "key.csv"), "folder": secret, "near.csv": filepath.Base(good)} {
		if err := os.Symlink(to, filepath.Join(in, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(in, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"/*.csv", "/"} {
		if found, err := Find(t.Context(), in+pattern); err != nil || fmt.Sprint(addresses(found)) != fmt.Sprint([]string{good}) {
			t.Errorf("%s finds %q, %v", pattern, addresses(found), err)
		}
	}
	for _, pattern := range []string{"/*/*.csv", "/f*/key.csv", "/l*"} {
		if found, err := Find(t.Context(), in+pattern); err != nil || len(found) != 0 {
			t.Errorf("%s finds %q, %v", pattern, addresses(found), err)
		}
	}
	deep := in
	for range 2 * deepest {
		deep = filepath.Join(deep, "d")
	}
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(t.Context(), in+"/"); err != nil {
		t.Error(err)
	}
	f := finder{ctx: t.Context(), passed: mostPassed}
	if f.pass() == nil {
		t.Error("more names are looked at than may be")
	}
	f.found = make([]Found, mostFound)
	if f.add(Found{Address: "/x"}) == nil {
		t.Error("more is found than may be")
	}
}

func TestObjectsAreFound(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("inbox")
	at := "s3://inbox"
	in, err := open.Bucket(t.Context(), at, nil)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		t.Helper()
		if err := in.Put(t.Context(), name, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"in/a.csv", "in/b.txt", "in/x/c.csv", "other/d.csv"} {
		put(name, name)
	}
	for pattern, want := range map[string]string{
		"/in/*.csv": "[s3://inbox/in/a.csv]", "/in/": "[s3://inbox/in/a.csv s3://inbox/in/b.txt s3://inbox/in/x/c.csv]", "/*/": "[s3://inbox/in/a.csv s3://inbox/in/b.txt s3://inbox/in/x/c.csv s3://inbox/other/d.csv]",
		"/*/?/*": "[s3://inbox/in/x/c.csv]", "/none/": "[]",
	} {
		found, err := Find(t.Context(), at+pattern)
		if err != nil || fmt.Sprint(addresses(found)) != want {
			t.Errorf("%s finds %v, %v, want %s", pattern, addresses(found), err, want)
		}
	}
	before, err := Find(t.Context(), at+"/in/a.csv")
	if err != nil || len(before) != 1 || before[0].ETag == "" || !before[0].Object || before[0].Size != 8 {
		t.Fatalf("%+v, %v", before, err)
	}
	put("in/a.csv", "another")
	after, err := Find(t.Context(), at+"/in/a.csv")
	if err != nil || len(after) != 1 || after[0].ETag == before[0].ETag {
		t.Errorf("a change is not seen: %+v, %v", after, err)
	}
	if _, err := Find(t.Context(), "s3://nothing/x"); err == nil {
		t.Error("a bucket that is not there finds something")
	}
}
