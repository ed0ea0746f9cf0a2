package server

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// address is where the file server listens, and what agents know it by.
type address struct {
	bind, host string
	port       int // 0: any
}

// address is where files are served: this machine alone for the embedded cluster; else the advertised
// address, or the one that this machine speaks to the master from.
func (c Cluster) address() (address, error) {
	if c.Advertise != "" {
		// a name may belong to a proxy in front of this machine, so all of it listens
		a := address{host: c.Advertise}
		if host, text, err := net.SplitHostPort(c.Advertise); err == nil {
			port, err := strconv.Atoi(text)
			if err != nil {
				return a, setting("Advertise", strconv.Quote(c.Advertise), errors.New("want HOST or HOST:PORT"))
			}
			a.host, a.port = host, port
		}
		return a, nil
	}
	if c.Kubernetes != nil { // executors reach it by their pods' standard output
		return address{bind: "127.0.0.1", host: cluster.SchedulerHost}, nil
	}
	if c.Mesos == nil {
		return address{bind: "127.0.0.1"}, nil
	}
	ways := net.Dialer{Timeout: c.ConnectTimeout}
	conn, err := ways.Dial("udp", c.Mesos.Masters[0]) // sends nothing: asks the kernel for the route
	if err != nil {
		return address{}, unreachable(fmt.Errorf("find the way to master %s: %w", c.Mesos.Masters[0], err))
	}
	defer conn.Close()
	return address{bind: conn.LocalAddr().(*net.UDPAddr).IP.String()}, nil
}
