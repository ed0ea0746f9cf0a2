package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Where this machine cannot reach itself, as in a new network namespace, a run says so at once: its executors would be lost for ever.
func TestLoopbackIsDown(t *testing.T) {
	t.Parallel()
	namespaces := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		namespaces.Cloneflags |= syscall.CLONE_NEWUSER
		namespaces.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
	}
	probe := exec.Command("true")
	probe.SysProcAttr = namespaces
	if err := probe.Run(); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		t.Log("network namespaces may not be made here, and none was")
		return
	}
	p := newPlace(t)
	p.write("square.yaml", square)
	cmd := p.command("run", "square.yaml", "--quiet")
	cmd.SysProcAttr = namespaces
	p.launch(cmd).wait().ends(exitUnreachable).says("could not reach their agent at 127.0.0.1:", "network is unreachable", "ip link set lo up")
}
