package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	groups     = "/sys/fs/cgroup"
	namespaces = "/run/netns"
	logLinks   = "/var/log/containers"
)

// sysctls are what a kubelet sets without being asked.
var sysctls = []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"}

// machine is what there was before.
type machine struct {
	sysctls  map[string]string
	networks []string
}

func lookAt() (machine, error) {
	m := machine{sysctls: map[string]string{}, networks: names(namespaces)}
	for _, name := range sysctls {
		text, err := os.ReadFile("/proc/sys/" + name)
		if err != nil {
			return m, err
		}
		m.sysctls[name] = string(text)
	}
	return m, nil
}

func names(folder string) (out []string) {
	all, _ := os.ReadDir(folder)
	for _, one := range all {
		out = append(out, one.Name())
	}
	return out
}

// restore undoes what the daemons leave behind outside of the run folder.
func (m machine) restore(folder string) error {
	var wrong []error
	for name, value := range m.sysctls {
		if now, err := os.ReadFile("/proc/sys/" + name); err == nil && string(now) != value {
			wrong = append(wrong, os.WriteFile("/proc/sys/"+name, []byte(value), 0))
		}
	}
	for _, name := range names(namespaces) {
		if strings.HasPrefix(name, "cni-") && !slices.Contains(m.networks, name) {
			at := filepath.Join(namespaces, name)
			_ = syscall.Unmount(at, syscall.MNT_DETACH)
			wrong = append(wrong, os.Remove(at))
		}
	}
	for _, name := range names(logLinks) {
		at := filepath.Join(logLinks, name)
		if to, err := os.Readlink(at); err == nil && strings.HasPrefix(to, folder+"/") {
			wrong = append(wrong, os.Remove(at))
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return errors.Join(append(wrong, err)...)
	}
	var below []string
	for line := range strings.Lines(string(mounts)) {
		if at := strings.Fields(line)[1]; strings.HasPrefix(at, folder+"/") {
			below = append(below, at)
		}
	}
	slices.Sort(below)
	for _, at := range slices.Backward(below) {
		wrong = append(wrong, syscall.Unmount(at, syscall.MNT_DETACH))
	}
	return errors.Join(wrong...)
}

// hierarchies are the folders of cgroup v1's controllers; none where the machine has v2.
func hierarchies() (all []string) {
	if exists(filepath.Join(groups, "cgroup.controllers")) {
		return nil
	}
	for _, name := range names(groups) {
		at := filepath.Join(groups, name)
		if info, err := os.Lstat(at); err == nil && info.IsDir() && exists(filepath.Join(at, "cgroup.procs")) {
			all = append(all, at)
		}
	}
	return all
}

// makeGroups makes a node's own cgroup below every controller of v1, and answers the kubelet's setting for it. On v2
// the kubelet has its usual one, /kubepods.
func makeGroups(name string) (setting string, err error) {
	for _, at := range hierarchies() {
		own := filepath.Join(at, name)
		if err := os.MkdirAll(own, 0o755); err != nil {
			return "", err
		}
		setting = "cgroupRoot: /" + name
		if filepath.Base(at) != "cpuset" {
			continue
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			all, err := os.ReadFile(filepath.Join(at, file))
			if err == nil {
				err = os.WriteFile(filepath.Join(own, file), all, 0)
			}
			if err != nil {
				return "", err
			}
		}
	}
	return setting, nil
}

func removeGroups(name string) error {
	var wrong error
	for _, at := range hierarchies() {
		var below []string
		_ = filepath.WalkDir(filepath.Join(at, name), func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				below = append(below, path)
			}
			return nil
		})
		for _, path := range slices.Backward(below) {
			for range 20 { // what was killed takes a moment to be gone
				if wrong = os.Remove(path); wrong == nil || errors.Is(wrong, os.ErrNotExist) {
					wrong = nil
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
	}
	return wrong
}

// endShims kills the shims of a containerd, which outlive it.
func endShims(socket string) error {
	for _, name := range names("/proc") {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		line, _ := os.ReadFile(filepath.Join("/proc", name, "cmdline"))
		if args := strings.Split(string(line), "\x00"); strings.HasSuffix(args[0], "containerd-shim-runc-v2") &&
			slices.Contains(args, socket) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return err
			}
		}
	}
	return nil
}
