package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Credentials of a port that nobody chose are good for one life of a cluster: they go with it, or at the next one's start.
func TestCredentialsOfARandomPortGo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	folder := filepath.Join(p.dir+".run", "kaon")
	t.Cleanup(func() { os.RemoveAll(p.dir + ".run") })
	files := func() (names []string) {
		entries, _ := os.ReadDir(folder)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	start := func(name string) *process {
		x := p.start("cluster", "--listen", "127.0.0.1:0", "--work", name, "--agent", "name=a")
		x.stdout.await(t, "credentials are in")
		return x
	}
	first := start("first")
	second := start("second")
	if got := files(); len(got) != 4 {
		t.Errorf("of two that live: %v", got)
	}
	first.signal(os.Interrupt)
	first.wait().ends(exitDone)
	if got := files(); len(got) != 2 {
		t.Errorf("of one that lives: %v", got)
	}
	second.signal(os.Kill)
	<-second.ended
	third := start("third")
	if got := files(); len(got) != 2 {
		t.Errorf("after one that was killed: %v", got)
	}
	third.signal(os.Interrupt)
	third.wait().ends(exitDone)
	if got := files(); len(got) != 0 {
		t.Errorf("after all: %v", got)
	}
}
