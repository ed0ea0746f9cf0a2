package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// longest is how long a name the kernel takes for a unix socket, its final NUL aside.
const longest = 107

// shortPath gives a name for path that is short enough, by way of an open folder. It is good until release.
func shortPath(path string) (short string, release func(), err error) {
	if len(path) <= longest {
		return path, func() {}, nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(path)), func() { folder.Close() }, nil
}

// Unix makes a socket, mode 0600, that none but this process's own user and root are let in by, whatever becomes of
// the mode. A socket that is there already is replaced: the caller must know that its process has died.
func Unix(path string) (net.Listener, error) {
	l, err := bind(path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return l, nil
}

// DialUnix connects to a socket that Unix made, if this process's own user listens there: root may ask everybody's.
func DialUnix(ctx context.Context, path string) (net.Conn, error) {
	short, release, err := shortPath(path)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: err} // as of a shorter path
	}
	defer release()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", short)
	if err != nil {
		return nil, err
	}
	if err := ourSocket(conn.(*net.UnixConn)); err != nil && os.Getuid() != 0 {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// bind listens under another name first: nobody can connect before the mode is right, and what was there stays until
// this can take its place.
func bind(path string) (net.Listener, error) {
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	short, release, err := shortPath(fresh)
	if err != nil {
		return nil, err
	}
	defer release()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false) // its name is about to change
	if err = os.Chmod(fresh, 0o600); err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		listener.Close()
		_ = os.Remove(fresh)
		return nil, err
	}
	return OwnUser(listener), nil
}
