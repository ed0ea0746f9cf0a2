package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/durable"
)

func TestReplace(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	if err := durable.MakeFolder(folder); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "file")
	for _, text := range []string{"one", "two"} {
		for _, replace := range []func(string, []byte) error{durable.Replace, durable.ReplaceUnsynced} {
			text += "!"
			if err := replace(name, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(name); err != nil || string(got) != text {
				t.Errorf("%q, %v", got, err)
			}
		}
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// What cannot be put in its place leaves nothing beside it.
func TestReplaceFails(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "file", "in it"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(filepath.Join(folder, "file"), nil); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	if err := durable.Replace(filepath.Join(folder, "no", "file"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// A link in the place of the file is replaced, not followed.
func TestAttackPlantedLink(t *testing.T) {
	folder := t.TempDir()
	other, name := filepath.Join(folder, "other"), filepath.Join(folder, "file")
	if err := errors.Join(os.WriteFile(other, []byte("theirs"), 0o600), os.Symlink(other, name), durable.Replace(name, []byte("ours"))); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(other); string(got) != "theirs" {
		t.Errorf("the link was followed: %q", got)
	}
}

// /proc is a file system that cannot sync a folder, as some of networks are.
func TestFolderThatCannotBeSynced(t *testing.T) {
	if err := durable.SyncFolder("/proc"); err != nil {
		t.Error(err)
	}
	if err := durable.SyncFolder(filepath.Join(t.TempDir(), "no")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
