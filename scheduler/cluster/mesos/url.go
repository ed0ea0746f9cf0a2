package mesos

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

const defaultPort = "5050"

// ParseURL reads mesos://[user:secret@]host[:port][,host[:port]...][/][?options] into a Config. The port is
// 5050 unless said. Options: name, role (may repeat), framework (id), failover (a duration such as 24h),
// gpus, tls, ca, cert, key, insecure, as_user (Unix user on the agents). A secret
// with special characters is percent-encoded. Any of ca, cert and insecure implies tls.
func ParseURL(text string) (Config, error) {
	fail := func(format string, args ...any) (Config, error) {
		return Config{}, fmt.Errorf("read cluster %q: %s", Redact(text), fmt.Sprintf(format, args...))
	}
	rest, ok := strings.CutPrefix(text, "mesos://")
	if !ok {
		if strings.HasPrefix(text, "zk://") {
			return fail("ZooKeeper addresses are not read: name the masters, mesos://host:5050,host:5050; " +
				"the leader is found by itself")
		}
		return fail("want mesos://host:5050[,host:5050...]")
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if path != "" {
		return fail("unexpected path %q: the API's path is known", "/"+path)
	}
	var c Config
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, secret, _ := strings.Cut(authority[:at], ":")
		authority = authority[at+1:]
		var err1, err2 error
		c.Principal, err1 = url.PathUnescape(user)
		c.Secret, err2 = url.PathUnescape(secret)
		if err1 != nil || err2 != nil || c.Principal == "" {
			return fail("bad user or secret before the @: percent-encode special characters")
		}
	}
	for _, host := range strings.Split(authority, ",") {
		m, err := master(host)
		if err != nil {
			return fail("%v", err)
		}
		if !slices.Contains(c.Masters, m) {
			c.Masters = append(c.Masters, m)
		}
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return fail("bad options: %v", err)
	}
	if err := c.options(values); err != nil {
		return fail("%v", err)
	}
	return c, nil
}

// master completes host, host:port, [v6] or [v6]:port to host:port.
func master(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), defaultPort
		if strings.ContainsAny(text, "[]") != strings.Contains(host, ":") {
			return "", fmt.Errorf("bad master %q: want host:port, IPv6 as [::1]:5050", text)
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("bad port %q of master %q", port, text)
	}
	if host == "" || strings.ContainsAny(host, " /\\@?#[]") || (strings.Contains(host, ":") &&
		net.ParseIP(host) == nil) {
		return "", fmt.Errorf("bad master %q: want host:port", text)
	}
	return net.JoinHostPort(host, port), nil
}

var optionNames = []string{"as_user", "ca", "cert", "failover", "framework", "gpus", "insecure", "key",
	"name", "role", "tls"}

func (c *Config) options(values url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values.Get(name)
		var err error
		switch name {
		case "name":
			c.Name = value
		case "as_user":
			c.User = value
		case "role":
			c.Roles = values[name]
		case "framework":
			c.FrameworkID = cluster.FrameworkID(value)
		case "failover":
			c.FailoverTimeout, err = time.ParseDuration(value)
		case "gpus":
			c.GPUs, err = flag(value)
		case "tls":
			c.TLS.Enabled, err = flag(value)
		case "insecure":
			c.TLS.Insecure, err = flag(value)
		case "ca":
			c.TLS.CA = value
		case "cert":
			c.TLS.Cert = value
		case "key":
			c.TLS.Key = value
		default:
			return fmt.Errorf("unknown option %q: the options are %s", name, strings.Join(optionNames, ", "))
		}
		if err != nil {
			return fmt.Errorf("option %s=%q: %w", name, value, err)
		}
	}
	if !values.Has("tls") {
		c.TLS.Enabled = c.TLS.CA != "" || c.TLS.Cert != "" || c.TLS.Insecure
	}
	return nil
}

// flag reads a truth value; the bare name of an option means yes.
func flag(value string) (bool, error) {
	if value == "" {
		return true, nil
	}
	return strconv.ParseBool(value)
}

// Redact hides the secret of mesos://user:secret@host from screens, logs and results.
func Redact(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 0 {
		return address
	}
	user, _, _ := strings.Cut(rest[:at], ":")
	return scheme + "://" + user + ":SECRET" + rest[at:]
}
