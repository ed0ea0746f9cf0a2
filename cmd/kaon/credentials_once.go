package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// onceSuffix is of the file beside credentials that are good for one life of a cluster: at a port that was chosen at
// random it never comes back. The cluster holds it locked.
const onceSuffix = ".once"

// makeCredentialsOnce makes credentials that go with this process: remove them at its end. Those of clusters that were
// killed are removed first.
func makeCredentialsOnce(address string) (name, secret, file string, remove func(), err error) {
	fail := func(err error) (string, string, string, func(), error) { return "", "", "", nil, err }
	file, err = ownCredentials(address)
	if err != nil {
		return fail(err)
	}
	_ = os.Remove(file) // of a cluster whose port this was
	lock, err := os.CreateTemp(filepath.Dir(file), ".cluster-*")
	if err != nil {
		return fail(fmt.Errorf("keep credentials: %w", err))
	}
	remove = func() {
		_, _ = os.Remove(file), os.Remove(file+onceSuffix)
		_ = lock.Close()
	}
	// Others see it when it is locked: one that nobody has locked is a dead cluster's.
	if err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = os.Rename(lock.Name(), file+onceSuffix)
	}
	if err != nil {
		_ = os.Remove(lock.Name())
		remove()
		return fail(fmt.Errorf("keep credentials: %w", err))
	}
	if name, secret, file, err = makeCredentials(address); err != nil {
		remove()
		return fail(err)
	}
	return name, secret, file, remove, nil
}

// removeDeadCredentials removes those of clusters that have died. What cannot be removed is in nobody's way.
func removeDeadCredentials(folder string) {
	files, _ := os.ReadDir(folder) // where there is none, there are no credentials
	for _, file := range files {
		if !strings.HasPrefix(file.Name(), "cluster-") || !strings.HasSuffix(file.Name(), onceSuffix) {
			continue
		}
		mark := filepath.Join(folder, file.Name())
		f, err := os.Open(mark)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			_, _ = os.Remove(strings.TrimSuffix(mark, onceSuffix)), os.Remove(mark)
		}
		_ = f.Close()
	}
}
