// Command attacker is a program in a container that tries what its host must not let it do. It says what it could do.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	sandbox := os.Getenv("MESOS_SANDBOX")
	fmt.Println("stolen")
	// What is printed comes to these files on the host.
	_ = os.Remove(filepath.Join(sandbox, "stdout"))
	say("plant a link", os.Symlink(os.Getenv("VICTIM"), filepath.Join(sandbox, "stdout")))
	_ = os.Remove(filepath.Join(sandbox, "stderr"))
	say("plant a pipe", syscall.Mkfifo(filepath.Join(sandbox, "stderr"), 0o666))
	// What the next container runs.
	say("write to the tool", os.WriteFile(filepath.Join(sandbox, "tool"), []byte("evil"), 0o755))
	say("remove the tool", os.Remove(filepath.Join(sandbox, "tool")))
	say("rename the tool", os.Rename(filepath.Join(sandbox, "tool"), filepath.Join(sandbox, "other")))
	say("change the tool's mode", os.Chmod(filepath.Join(sandbox, "tool"), 0o777))
	say("remove the agent's socket", os.Remove("/mnt/mesos/agent/agent.sock"))
	say("plant beside the agent's socket", os.WriteFile("/mnt/mesos/agent/x", nil, 0o644))
	say("start processes without end", unbounded())
}

func say(what string, err error) {
	if err == nil {
		fmt.Println("could", what)
	} else {
		fmt.Println("could not", what)
	}
}

// unbounded gives an error when there is a limit on the container's processes.
func unbounded() error {
	for _, file := range []string{"/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max"} {
		text, err := os.ReadFile(file)
		if err == nil && strings.TrimSpace(string(text)) != "max" {
			return errors.New("there is a limit")
		}
	}
	return nil
}
