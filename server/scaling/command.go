package scaling

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/proc"
)

const (
	commandPatience = time.Minute
	mostSaid        = 4 << 10 // bytes of what a command says that are kept
)

// runCommand runs a command with a body on its standard input, and answers the end of what it said. It has the
// environment of this process but for what is kaon's own, which has secrets among it.
func runCommand(ctx context.Context, argv []string, body []byte) (said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, commandPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = bytes.NewReader(body)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "KAON_") })
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with all that it began
	cmd.WaitDelay = time.Second
	out := proc.Said{Most: mostSaid}
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}
