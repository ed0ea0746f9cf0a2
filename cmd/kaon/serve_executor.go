package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/mesos"
	"github.com/kaon-sweep/kaon/sweep"
)

// executorOverhead is what the executor itself asks for on a real cluster: Mesos's own least amounts, below which
// the master warns.
var executorOverhead = sweep.Resources{CPUs: sweep.Unit / 100, Mem: 32 * sweep.Unit}

// remoteExecutor says how agents start the executor: from a path they have, from a URL, or from this process.
func remoteExecutor(f clusterFlags, driver mesos.Config) (t scheduler.ExecutorTemplate, stop func(), err error) {
	t = scheduler.ExecutorTemplate{Overhead: executorOverhead}
	switch {
	case strings.HasPrefix(f.Executor, "/"):
		t.Argv = []string{f.Executor, "executor"}
		return t, nil, nil
	case f.Executor != "":
		t.Argv = []string{"./kaon", "executor"}
		t.URIs = []scheduler.URI{{Value: f.Executor, Executable: true, Cache: true, OutputFile: "kaon"}}
		return t, nil, nil
	}
	address, stop, err := serveSelf(f.Advertise, driver.Masters[0])
	if err != nil {
		return t, nil, err
	}
	t.Argv = []string{"./kaon", "executor"}
	t.URIs = []scheduler.URI{{Value: address, Executable: true, Cache: true, OutputFile: "kaon"}}
	return t, stop, nil
}

// serveSelf serves this program's own file, and nothing else, where agents can fetch it. The name holds the
// content's hash, so an agent's cache never confuses two builds.
func serveSelf(advertise, master string) (url string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, fmt.Errorf("find this program's file: %w", err)
	}
	sum, err := fileSum(self)
	if err != nil {
		return "", nil, err
	}
	listener, host, err := listenFor(advertise, master)
	if err != nil {
		return "", nil, err
	}
	path := "/kaon-" + sum[:16]
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, self) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) // ends by Close below
	port := listener.Addr().(*net.TCPAddr).Port
	return fmt.Sprintf("http://%s%s", net.JoinHostPort(host, fmt.Sprint(port)), path), func() { server.Close() }, nil
}

// listenFor opens a port that agents can reach: the advertised one, or any on the address this machine uses to
// talk to the master.
func listenFor(advertise, master string) (l net.Listener, host string, err error) {
	host, port := advertise, "0"
	if h, p, err := net.SplitHostPort(advertise); err == nil {
		host, port = h, p
	}
	bind := "" // an advertised name may belong to a proxy in front of this machine
	if host == "" {
		conn, err := net.Dial("udp", master) // sends nothing: asks the kernel for the route
		if err != nil {
			return nil, "", fmt.Errorf("find the way to master %s: %w", master, err)
		}
		host = conn.LocalAddr().(*net.UDPAddr).IP.String()
		conn.Close()
		bind = host
	}
	l, err = net.Listen("tcp", net.JoinHostPort(bind, port))
	if err != nil {
		return nil, "", fmt.Errorf("listen for agents (--advertise %q): %w", advertise, err)
	}
	return l, host, nil
}

func fileSum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
