package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/ledger"
	"github.com/kaon-sweep/kaon/server"
)

// Bounds below which the doctor warns.
const (
	fewFiles     = 4096
	fewProcesses = 4096
	littleDisk   = 5 << 30 // bytes
	fewInodes    = 100_000
)

// machine checks what any sweep and a server need of this machine.
func (c *doctorFlags) machine(ctx context.Context, f *findings) {
	checkLimits(f)
	checkUmask(f)
	checkFolders(f)
	checkSpace(f, "state folder", c.stateFolder())
	checkGroups(f)
	local := c.Cluster == localCluster
	c.checkDocker(ctx, f, local)
	c.checkGPUs(f, local)
	checkPython(ctx, f)
}

func checkLimits(f *findings) {
	for _, l := range []struct {
		check    string
		resource int
		least    uint64
		few      uint64
		remedy   string
	}{
		{"open files", unix.RLIMIT_NOFILE, server.LeastFiles, fewFiles,
			"ulimit -n 65536 before it is started, or LimitNOFILE=65536 in its unit; for good " +
				"in /etc/security/limits.conf"},
		{"processes", unix.RLIMIT_NPROC, 256, fewProcesses,
			"ulimit -u 65536 before it is started, or LimitNPROC and TasksMax in its unit"},
	} {
		var limit unix.Rlimit
		if err := unix.Getrlimit(l.resource, &limit); err != nil {
			f.add(l.check, verdictWarn, l.remedy, "the limit cannot be read: %v", err)
			continue
		}
		text := fmt.Sprintf("%d for a process or a user", limit.Cur)
		if limit.Cur == unix.RLIM_INFINITY {
			text = "no limit"
		}
		switch {
		case limit.Cur < l.least:
			f.add(l.check, verdictFail, l.remedy, "%s: at least %d are needed", text, l.least)
		default:
			f.when(limit.Cur < l.few, verdictWarn, l.check, l.remedy, "%s", text)
		}
	}
}

// checkUmask reads the mask without changing it, as that would be everybody's for a moment.
func checkUmask(f *findings) {
	text, err := os.ReadFile("/proc/self/status")
	m := regexp.MustCompile(`(?m)^Umask:\s+(\d+)$`).FindSubmatch(text)
	if err != nil || m == nil {
		f.add("umask", verdictInfo, "", "not known here")
		return
	}
	mask, _ := strconv.ParseUint(string(m[1]), 8, 32)
	f.when(mask&0o022 != 0o022, verdictWarn, "umask", "umask 027 before it is started, or UMask=0027 in its unit",
		"%s: what trials write can%s be changed by others of this machine", m[1],
		map[bool]string{true: "not"}[mask&0o022 == 0o022])
}

// checkFolders looks at the folders that belong to no sweep.
func checkFolders(f *findings) {
	temp := os.TempDir()
	file, err := os.CreateTemp(temp, "kaon-doctor-")
	if err != nil {
		f.add("temporary folder", verdictFail, "make it writable, or name another in TMPDIR", "%s: %v", temp, err)
	} else {
		file.Close()
		os.Remove(file.Name())
		checkMount(f, "temporary folder", temp)
	}
	folder, err := ledger.Folder()
	f.when(err != nil, verdictFail, "runtime folder",
		"set XDG_RUNTIME_DIR to a folder of yours that only you may enter", "%s", orError(folder, err))
}

func orError(text string, err error) string {
	if err != nil {
		return err.Error()
	}
	return text
}

// checkMount says what a file system is not good for.
func checkMount(f *findings, check, folder string) {
	var fs unix.Statfs_t
	if err := unix.Statfs(folder, &fs); err != nil {
		f.add(check, verdictFail, "see that it can be read", "%s: %v", folder, err)
		return
	}
	switch {
	case fs.Flags&unix.ST_RDONLY != 0:
		f.add(check, verdictFail, "mount it writable, or use another folder", "%s is read-only", folder)
	case fs.Flags&unix.ST_NOEXEC != 0:
		f.add(check, verdictWarn, "mount it without noexec, or use another folder",
			"%s is mounted noexec: nothing that lies there can be started", folder)
	case fs.Type == unix.TMPFS_MAGIC && check != "temporary folder":
		f.add(check, verdictWarn, "use a folder on a disk",
			"%s is in memory (tmpfs): it is gone with the next start of the machine, and what lies there takes memory",
			folder)
	default:
		f.add(check, verdictOK, "", "%s", folder)
	}
}

// checkSpace looks at the room where a folder is, or will be.
func checkSpace(f *findings, check, folder string) {
	there := present(folder)
	if err := unix.Access(there, unix.W_OK|unix.X_OK); err != nil {
		f.add(check, verdictFail, "give it to this user, or name another folder", "%s: %v", there, err)
		return
	}
	checkMount(f, check, there)
	var fs unix.Statfs_t
	if unix.Statfs(there, &fs) != nil {
		return
	}
	free := fs.Bavail * uint64(fs.Bsize)
	f.when(free < littleDisk, verdictWarn, check+", free space",
		"delete what is old: kaon gc --older-than 30d; docs/operate.md says how large it gets",
		"%.1f GB", float64(free)/1e9)
	if fs.Files > 0 { // else it makes them as it needs them
		f.when(fs.Ffree < fewInodes, verdictWarn, check+", free inodes",
			"delete what is old: each trial with files of its own needs some", "%d", fs.Ffree)
	}
}

// checkGroups says whether trials' memory can be limited by the kernel.
func checkGroups(f *findings) {
	text, err := os.ReadFile("/proc/self/cgroup")
	own := "/sys/fs/cgroup"
	for line := range strings.Lines(string(text)) {
		if path, v2 := strings.CutPrefix(strings.TrimSpace(line), "0::"); v2 {
			own = filepath.Join(own, path)
		}
	}
	const remedy = "Delegate=yes in its unit, or systemd-run --user --scope -p Delegate=yes kaon …; as " +
		"root nothing is needed"
	switch {
	case err != nil:
		f.add("control groups", verdictWarn, "mount cgroup2 at /sys/fs/cgroup",
			"there are none here: memory of trials is sampled, cpus are not limited")
	case unix.Access(own, unix.W_OK) != nil:
		f.add("control groups", verdictWarn, remedy,
			"%s is not this user's to divide: memory of trials is sampled, cpus are not limited", own)
	default:
		f.add("control groups", verdictOK, "", "%s", own)
	}
}

func (c *doctorFlags) checkDocker(ctx context.Context, f *findings, local bool) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	engine, err := docker.Open(ctx)
	switch {
	case err == nil:
		engine.Close()
		f.add("Docker", verdictOK, "", "an engine answers")
	case local:
		f.add("Docker", verdictInfo, "", "no engine answers, which only trials in images need here: %v", err)
	default:
		f.add("Docker", verdictInfo, "", "not needed on this machine: trials run on the cluster")
	}
}

func (c *doctorFlags) checkGPUs(f *findings, local bool) {
	if !local {
		return
	}
	machine, err := server.ThisMachine(".", c.GPUs)
	if err != nil {
		f.add("GPUs", verdictFail, "give --gpus what there is, or none", "%v", err)
		return
	}
	f.add("GPUs", verdictInfo, "", "%s for trials", formatValue(machine.GPUs))
	f.add("size", verdictInfo, "", "%s cpus, %s MB of memory for trials", formatValue(machine.CPUs),
		formatValue(machine.MemoryMB))
}

// checkPython is good to know for who runs Python here.
func checkPython(ctx context.Context, f *findings) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	version, err := exec.CommandContext(ctx, "python3", "--version").Output()
	if err != nil {
		f.add("Python", verdictInfo, "", "there is no python3")
		return
	}
	f.add("Python", verdictInfo, "", "%s", strings.TrimSpace(string(version)))
	look := "import importlib.util as u; print(*[m for m in ('kaon', 'wandb') if u.find_spec(m)])"
	modules, err := exec.CommandContext(ctx, "python3", "-c", look).Output()
	if names := strings.TrimSpace(string(modules)); err == nil && names != "" {
		f.add("Python modules", verdictInfo, "", "%s", names)
	}
}
