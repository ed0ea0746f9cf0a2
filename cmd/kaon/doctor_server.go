package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// soonExpired is how long a certificate or a token is to be good for.
const soonExpired = 30 * 24 * time.Hour

// server checks the server that other commands would ask, and the certificate that one is given.
func (c *doctorFlags) server(ctx context.Context, f *findings) {
	if c.TLSCert != "" || c.TLSKey != "" {
		checkCertificate(f, c.TLSCert, c.TLSKey, time.Now())
	}
	address := c.Server
	if address == "" {
		a, ok := lastServer()
		if !ok {
			f.add("address", verdictInfo, "",
				"no server of yours runs on this machine, and none is named: kaon serve starts one")
			return
		}
		address = a.Server
	}
	if socket, ok := strings.CutPrefix(address, "unix://"); ok {
		checkSocket(f, socket)
	} else if u, err := url.Parse(address); err == nil && u.Scheme == "https" {
		checkPeer(ctx, f, u)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	to, err := clientAt(address)
	if err != nil {
		f.add("address", verdictFail, "unix:///path, http://host:port or https://host:port", "%v", err)
		return
	}
	who, err := to.WhoAmI(ctx)
	var refused *client.Error
	switch {
	case errors.As(err, &refused) && refused.Status == 401:
		f.add("token", verdictFail, "kaon token create on its machine makes one, kaon login keeps it",
			"the server does not know this caller")
		return
	case err != nil:
		f.add("answer", verdictFail, "see that it runs, and that its address and certificate are right", "%v", err)
		return
	}
	f.add("answer", verdictOK, "", "you are %s, %s", who.Name, who.Role)
	c.checkService(ctx, f, to, who)
}

func (c *doctorFlags) checkService(ctx context.Context, f *findings, to *client.Client, who api.Identity) {
	info, err := to.Server(ctx)
	if err != nil {
		f.add("scheduler", verdictFail, "look at its log, and start it again: what runs goes on",
			"it does not answer: %v", err)
		return
	}
	f.when(!info.Connected && info.Framework != "", verdictWarn, "master",
		"kaon doctor --cluster, on the server's machine", "connected: %v, with %s", info.Connected,
		plural(info.Sweeps, "sweep"))
	if info.Journal != "" {
		f.add("journal", verdictWarn, "make room on the disk of its state folder, or let its user write there",
			"%s", info.Journal)
	}
	f.when(info.Version != versionString(), verdictWarn, "version", "use the same kaon on both ends", "%s; this is %s",
		info.Version, versionString())
	if all, err := to.Agents(ctx); err == nil {
		bad := 0
		for _, a := range all {
			if a.State == "avoided" || a.State == "incompatible" {
				bad++
			}
		}
		f.when(bad > 0, verdictWarn, "agents", "kaon agents says why", "%d, of which %d get no work", len(all), bad)
	}
	if who.Role != access.Admin {
		return
	}
	tokens, err := to.Tokens(ctx)
	if err != nil {
		return
	}
	for _, one := range tokens {
		if at, err := time.Parse(time.RFC3339, one.Expires); err == nil && time.Until(at) < soonExpired {
			f.add("token of "+one.Name, verdictWarn, "kaon token create, and kaon token revoke "+one.ID, "it ends %s",
				one.Expires)
		}
	}
}

// checkSocket looks at who may use a server's socket.
func checkSocket(f *findings, socket string) {
	info, err := os.Stat(socket)
	if err != nil {
		f.add("socket", verdictFail, "start kaon serve again: it makes the socket", "%v", err)
		return
	}
	owner, _ := info.Sys().(*syscall.Stat_t)
	const remedy = "chmod 600 the socket and 700 its folder; start kaon serve again as the user whose it is"
	switch {
	case info.Mode()&os.ModeSocket == 0:
		f.add("socket", verdictFail, remedy, "%s is none", socket)
	case owner != nil && int(owner.Uid) != os.Getuid():
		f.add("socket", verdictFail, "use a token: the socket is for its owner alone",
			"%s is user %d's, and you are %d", socket, owner.Uid, os.Getuid())
	default:
		folder, err := os.Stat(filepath.Dir(socket))
		open := info.Mode().Perm()&0o077 != 0 || err == nil && folder.Mode().Perm()&0o022 != 0
		f.when(open, verdictFail, "socket", remedy, "%s, mode %v", socket, info.Mode().Perm())
	}
}

// checkCertificate reads a certificate and its key from files.
func checkCertificate(f *findings, cert, key string, now time.Time) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		f.add("certificate", verdictFail, "give --tls-cert and --tls-key files in PEM that belong together", "%v", err)
		return
	}
	if info, err := os.Stat(key); err == nil {
		f.when(secretOpenTo(info) != "", verdictFail, "key", "chmod 600 "+key, "%s, mode %v", key, info.Mode().Perm())
	}
	if leaf, err := x509.ParseCertificate(pair.Certificate[0]); err == nil {
		checkExpiry(f, "certificate", leaf, now)
	}
}

// checkPeer looks at the certificate that a server shows, whoever has signed it.
func checkPeer(ctx context.Context, f *findings, u *url.URL) {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	// nothing is said to it; who it is, the client asks
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: u.Hostname()}}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return // the client says it better
	}
	defer conn.Close()
	if shown := conn.(*tls.Conn).ConnectionState().PeerCertificates; len(shown) > 0 {
		checkExpiry(f, "certificate", shown[0], time.Now())
	}
}

func checkExpiry(f *findings, check string, cert *x509.Certificate, now time.Time) {
	const remedy = "renew it: a server reads it again by itself when the file has changed"
	names := strings.Join(cert.DNSNames, ", ")
	for _, ip := range cert.IPAddresses {
		names = strings.TrimPrefix(names+", "+ip.String(), ", ")
	}
	text := fmt.Sprintf("of %s, until %s", names, cert.NotAfter.UTC().Format(time.RFC3339))
	switch {
	case now.After(cert.NotAfter), now.Before(cert.NotBefore):
		f.add(check, verdictFail, remedy, "%s: it is not good now", text)
	default:
		f.when(cert.NotAfter.Sub(now) < soonExpired, verdictWarn, check, remedy, "%s", text)
	}
}
