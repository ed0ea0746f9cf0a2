package embedded

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// Listen opens the socket that one container reaches by its folder. The folder is named by its descriptor,
// because a socket's name may have 107 bytes only.
func (a *localAgent) Listen(container, folder string) (stop func(), err error) {
	// Who the container runs as must pass; others stop at the folder of meta
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("make folder of the agent's socket: %w", err)
	}
	dir, err := os.Open(folder)
	if err != nil {
		return nil, fmt.Errorf("open folder of the agent's socket: %w", err)
	}
	defer dir.Close()
	file := filepath.Join(folder, containerizer.SocketName)
	_ = os.Remove(file) // of a former life
	name := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), containerizer.SocketName)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen for container %s: %w", container, err)
	}
	l.SetUnlinkOnClose(false) // by then the descriptor may be another's
	if err := os.Chmod(file, 0o666); err != nil {
		l.Close()
		return nil, fmt.Errorf("open the socket to container %s: %w", container, err)
	}
	end := a.server.serve(listen.Limit(l), a.executorsOnly(container, mux(a.server.executorRoutes(a.cfg.Name))))
	return func() {
		end()
		_ = os.RemoveAll(folder)
	}, nil
}
