package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/depot"
	"github.com/kaon-sweep/kaon/scheduler/mesos"
	"github.com/kaon-sweep/kaon/sweep"
)

// executorOverhead is what the executor itself asks for on a real cluster: Mesos's own least amounts, below which
// the master warns.
var executorOverhead = sweep.Resources{CPUs: sweep.Unit / 100, Mem: 32 * sweep.Unit}

// remoteExecutor says how agents start the executor: from a path they have, from a URL, or from this process.
func remoteExecutor(f clusterFlags, d *depot.Depot) (t scheduler.ExecutorTemplate, err error) {
	t = scheduler.ExecutorTemplate{Overhead: executorOverhead, Argv: []string{"./kaon", "executor"}}
	switch {
	case strings.HasPrefix(f.Executor, "/"):
		t.Argv[0] = f.Executor
		return t, nil
	case f.Executor != "":
		t.URIs = []scheduler.URI{fetch(f.Executor)}
		return t, nil
	}
	self, err := os.Executable()
	if err != nil {
		return t, fmt.Errorf("find this program's file: %w", err)
	}
	own, _, err := d.Serve(self, "kaon")
	if err != nil {
		return t, err
	}
	t.URIs = []scheduler.URI{fetch(own)}
	return t, nil
}

// fetch is a binary that agents fetch and keep.
func fetch(address string) scheduler.URI {
	return scheduler.URI{Value: address, Executable: true, Cache: true, OutputFile: "kaon"}
}

// withForeign lets agents of the other architecture start the executor too, when there is a binary for it.
func withForeign(f clusterFlags, d *depot.Depot, own scheduler.ExecutorTemplate) (scheduler.ExecutorTemplate, error) {
	if f.Executor != "" {
		return own, nil
	}
	self, err := os.Executable()
	if err != nil {
		return own, fmt.Errorf("find this program's file: %w", err)
	}
	other, path, err := f.foreignExecutor(self)
	if err != nil || path == "" {
		return own, err
	}
	address, _, err := d.Serve(path, "kaon-"+other)
	if err != nil {
		return own, err
	}
	foreign := fetch(address)
	foreign.OutputFile = "kaon-" + other
	own.URIs = append(slices.Clone(own.URIs), foreign)
	own.Argv = []string{"/bin/sh", "-c", chooseExecutor(other)}
	return own, nil
}

// machines are the architectures that executors are built for, by the names that uname knows them by.
var machines = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// foreignExecutor is the binary for the architecture that this program is not built for: the one named, or one that
// lies beside it as kaon-linux-<arch>.
func (f clusterFlags) foreignExecutor(self string) (arch, path string, err error) {
	arch = "arm64"
	if runtime.GOARCH == arch {
		arch = "amd64"
	}
	if f.ExecutorForeign != "" {
		if _, err := os.Stat(f.ExecutorForeign); err != nil {
			return "", "", usage(fmt.Errorf("--executor-foreign: %w", err))
		}
		return arch, f.ExecutorForeign, nil
	}
	path = filepath.Join(filepath.Dir(self), "kaon-linux-"+arch)
	if _, err := os.Stat(path); err != nil {
		return "", "", nil
	}
	return arch, path, nil
}

// chooseExecutor is what an agent runs when it has fetched two binaries.
func chooseExecutor(other string) string {
	return fmt.Sprintf(`case $(uname -m) in %s) exec ./kaon executor;; %s) exec ./kaon-%s executor;; *) echo "kaon has no executor for $(uname -m)" >&2; exit 1;; esac`,
		machines[runtime.GOARCH], machines[other], other)
}

// address is where the depot listens, and what agents know it by.
type address struct {
	bind, host string
	port       int // 0: any
}

// depotAddress is this machine alone for the embedded cluster; else the advertised address, or the one that this
// machine speaks to the master from.
func (f clusterFlags) depotAddress() (address, error) {
	if f.Cluster == "local" && f.Advertise == "" {
		return address{bind: "127.0.0.1"}, nil
	}
	if f.Cluster != "local" && !strings.HasPrefix(f.Cluster, "mesos://") {
		return address{}, usage(fmt.Errorf("--cluster %q: want local or mesos://host:port", f.Cluster))
	}
	if f.Advertise != "" {
		a := address{host: f.Advertise} // a name may belong to a proxy in front of this machine, so all of it listens
		if host, text, err := net.SplitHostPort(f.Advertise); err == nil {
			port, err := strconv.Atoi(text)
			if err != nil {
				return a, usage(fmt.Errorf("--advertise %q: want HOST or HOST:PORT", f.Advertise))
			}
			a.host, a.port = host, port
		}
		return a, nil
	}
	driver, err := mesos.ParseURL(f.Cluster)
	if err != nil {
		return address{}, usage(fmt.Errorf("--cluster: %w", err))
	}
	conn, err := net.Dial("udp", driver.Masters[0]) // sends nothing: asks the kernel for the route
	if err != nil {
		return address{}, unreachable(fmt.Errorf("find the way to master %s: %w", driver.Masters[0], err))
	}
	defer conn.Close()
	return address{bind: conn.LocalAddr().(*net.UDPAddr).IP.String()}, nil
}
