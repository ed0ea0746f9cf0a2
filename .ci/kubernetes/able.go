package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// cniFolders are where distributions put the plugins for pods' networks.
var cniFolders = []string{"/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"}

// able names all that the machine lacks.
func able() error {
	if runtime.GOOS != "linux" {
		return errors.New("a node needs Linux")
	}
	var lacks []string
	if os.Geteuid() != 0 {
		lacks = append(lacks, "root (sudo make test-kubernetes): nodes make cgroups, mounts and bridges")
	}
	for _, one := range []struct{ program, debian string }{
		{"containerd", "containerd"}, {"ctr", "containerd"}, {"runc", "runc"}, {"busybox", "busybox-static"},
		{"ip", "iproute2"}, {"mount", "mount"},
	} {
		if _, err := exec.LookPath(one.program); err != nil {
			lacks = append(lacks, fmt.Sprintf("%s (package %s of Debian and Ubuntu)", one.program, one.debian))
		}
	}
	if _, err := cni(); err != nil {
		lacks = append(lacks, "the CNI plugins bridge, host-local and loopback (package "+
			"containernetworking-plugins) in one of "+strings.Join(cniFolders, ", "))
	}
	if len(lacks) > 0 {
		return fmt.Errorf("this machine lacks, and nothing is installed without being asked:\n  %s",
			strings.Join(lacks, "\n  "))
	}
	return nil
}

// cni is the folder with the plugins.
func cni() (string, error) {
next:
	for _, folder := range cniFolders {
		for _, name := range []string{"bridge", "host-local", "loopback"} {
			if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
				continue next
			}
		}
		return folder, nil
	}
	return "", errors.New("no CNI plugins")
}
