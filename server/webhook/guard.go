package webhook

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// closed are addresses of no public host besides those that package netip knows by their kind: what translates or
// tunnels to other addresses, which may be any, and what is kept for tests, carriers and the future.
var closed = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10", "::/96",
	"168.63.129.16/32", // what a cloud tells its machines, at an address like any other
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, text := range list {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// public reports whether an address is of a host that anybody can reach: none of this machine, of a private network, or
// of what clouds tell their machines there.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// guard refuses connections to what is not public and not allowed. It sees the address that is connected to, after
// names were looked up, so a name that leads elsewhere the second time is no way around it.
type guard struct {
	allow  []netip.Prefix
	remedy string // what to do about it
}

// Transport connects to hosts that anybody can reach and to those that are allowed. No proxy: it would connect in our
// stead, to whatever it likes.
func Transport(allow []netip.Prefix, timeout time.Duration, remedy string) *http.Transport {
	dialer := &net.Dialer{Timeout: timeout, Control: (&guard{allow, remedy}).control}
	return &http.Transport{DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1,
		IdleConnTimeout: time.Minute}
}

// control is a net.Dialer's.
func (g *guard) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	a := to.Addr().Unmap().WithZone("")
	if public(a) {
		return nil
	}
	for _, p := range g.allow {
		if p.Contains(a) {
			return nil
		}
	}
	return &net.AddrError{Err: "is none that anybody can reach" + strings.ReplaceAll(g.remedy, "CIDR", cidr(a)),
		Addr: a.String()}
}

func cidr(a netip.Addr) string { return netip.PrefixFrom(a, a.BitLen()).String() }
