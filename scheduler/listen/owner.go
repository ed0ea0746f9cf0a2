package listen

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// ForeignError says that a secret was not sent: another user listens where a process of our own was expected.
type ForeignError struct {
	Address string
	UID     int // of the other user; negative: it is not known who listens
}

func (e *ForeignError) Error() string {
	if e.UID < 0 {
		return fmt.Sprintf("it is not known which user listens on %s, so nothing secret is sent there", e.Address)
	}
	return fmt.Sprintf("user %d listens on %s, not you: nothing secret is sent there", e.UID, e.Address)
}

// Ours refuses a TCP connection within this machine whose other end belongs neither to this process's user
// nor to root. A secret that was kept by an address must not go to whoever took a port that became free.
//
// The kernel does not say whose a connection is that its listener has not accepted yet, so every listener
// that could have taken it is looked at too.
func Ours(conn net.Conn) error {
	address := conn.RemoteAddr().String()
	uids, err := Owners(conn)
	if err != nil {
		return err
	}
	for _, uid := range uids {
		if uid != 0 && uid != os.Getuid() {
			return &ForeignError{address, uid}
		}
	}
	if len(uids) == 0 {
		return &ForeignError{address, -1}
	}
	return nil
}

// Owners are the users whose listeners could have taken a TCP connection; none when that cannot be seen from
// here, as of another machine or from another network namespace.
func Owners(conn net.Conn) (uids []int, err error) {
	remote, err1 := netip.ParseAddrPort(conn.RemoteAddr().String())
	local, err2 := netip.ParseAddrPort(conn.LocalAddr().String())
	if err1 != nil || err2 != nil {
		return nil, nil
	}
	remote, local = plain(remote), plain(local)
	listeners := 0
	for _, file := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		sockets, err := readSockets(file)
		if err != nil && !os.IsNotExist(err) { // a kernel without IPv6
			return nil, fmt.Errorf("look who listens on %s: %w", remote, err)
		}
		for _, s := range sockets {
			listens := s.listens && s.local.Port() == remote.Port() &&
				(s.local.Addr() == remote.Addr() || s.local.Addr().IsUnspecified())
			if listens {
				listeners++
			}
			if (listens || s.local == remote && s.remote == local) && !slices.Contains(uids, s.uid) {
				uids = append(uids, s.uid)
			}
		}
	}
	if listeners == 0 {
		return nil, nil
	}
	return uids, nil
}

func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// tcpSocket is a row of /proc/net/tcp.
type tcpSocket struct {
	local, remote netip.AddrPort
	listens       bool
	uid           int
	inode         string
}

func readSockets(file string) (out []tcpSocket, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 {
			continue
		}
		local, ok1 := socketAddress(fields[1])
		remote, ok2 := socketAddress(fields[2])
		uid, err := strconv.Atoi(fields[7])
		if ok1 && ok2 && err == nil {
			out = append(out, tcpSocket{local, remote, fields[3] == "0A", uid, fields[9]})
		}
	}
	return out, lines.Err()
}

// socketAddress reads 0100007F:13BA: words of the address in the machine's byte order, and the port as a
// number.
func socketAddress(text string) (a netip.AddrPort, ok bool) {
	host, port, _ := strings.Cut(text, ":")
	b, err1 := hex.DecodeString(host)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if err1 != nil || err2 != nil || len(b)%4 != 0 {
		return a, false
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	ip, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), ok
}

// OwnUser takes connections of a Unix socket from this process's user and from root alone, whatever the modes
// of the socket and its folder let others do.
func OwnUser(l *net.UnixListener) net.Listener { return &ownUser{l} }

type ownUser struct{ *net.UnixListener }

func (l *ownUser) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if ourSocket(c) == nil {
			return c, nil
		}
		_ = c.Close()
	}
}

// ourSocket refuses a connection of a Unix socket whose other end belongs neither to this process's user nor
// to root.
func ourSocket(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var peer *syscall.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		peer, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	switch {
	case err != nil:
		return err
	case failed != nil:
		return fmt.Errorf("look who is at the other end: %w", failed)
	case peer.Uid != 0 && int(peer.Uid) != os.Getuid():
		return &ForeignError{c.RemoteAddr().String(), int(peer.Uid)}
	}
	return nil
}
