package listen

import (
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
)

// Loopback tells whether an address, host or host:port, is this machine's own. No host at all means every
// interface.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Hosts is a handler that answers requests only when their Host is an address or one of the names that belong
// to the listener; others get 421. A browser that was led here by a name of somebody else's (DNS rebinding)
// sends that name.
//
// An address cannot be rebound, so any will do, but a loopback listener is asked by loopback addresses alone.
// Beyond loopback this machine's own name is known too.
func Hosts(address string, names []string, h http.Handler) http.Handler {
	own := Loopback(address)
	names = append(slices.Clone(names), "localhost")
	if name, err := os.Hostname(); err == nil && !own {
		names = append(names, name)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !known(r.Host, own, names) {
			http.Error(w, "this server is not known by the name in Host", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func known(host string, own bool, names []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || !own
	}
	return host != "" && slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, host) })
}
