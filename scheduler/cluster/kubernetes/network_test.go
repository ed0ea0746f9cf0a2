package kubernetes

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
)

// Trials resolve names also where a resolver listens at a link-local address of their node, and reach nothing else there.
func TestNetworkPolicyOfTrials(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "kubernetes", "network.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := kubernetestest.ReadManifests(text)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(objects, func(o kubernetestest.Object) bool { return o.Name() == "trials" })
	plain, err := json.Marshal(objects[at].Get("spec", "egress"))
	if err != nil {
		t.Fatal(err)
	}
	var rules []struct {
		To []struct {
			Block struct {
				CIDR   netip.Prefix   `json:"cidr"`
				Except []netip.Prefix `json:"except"`
			} `json:"ipBlock"`
		} `json:"to"`
		Ports []struct {
			Protocol string `json:"protocol"`
			Port     int    `json:"port"`
		} `json:"ports"`
	}
	if err := json.Unmarshal(plain, &rules); err != nil {
		t.Fatal(err)
	}
	reached := func(address, protocol string, port int) bool {
		ip := netip.MustParseAddr(address)
		for _, r := range rules {
			open := len(r.Ports) == 0
			for _, p := range r.Ports {
				open = open || p.Protocol == protocol && p.Port == port
			}
			for _, to := range r.To {
				b := to.Block
				if open && b.CIDR.IsValid() && b.CIDR.Contains(ip) &&
					!slices.ContainsFunc(b.Except, func(e netip.Prefix) bool { return e.Contains(ip) }) {
					return true
				}
			}
		}
		return false
	}
	for _, c := range []struct {
		address, protocol string
		port              int
		want              bool
	}{
		{"169.254.20.10", "UDP", 53, true},
		{"169.254.20.10", "TCP", 53, true},
		{"169.254.20.10", "TCP", 8080, false},
		{"169.254.169.254", "TCP", 80, false},
		{"fd00:ec2::254", "TCP", 80, false},
		{"10.1.2.3", "TCP", 443, true},
	} {
		if got := reached(c.address, c.protocol, c.port); got != c.want {
			t.Errorf("%s port %d by %s: %v, want %v", c.address, c.port, c.protocol, got, c.want)
		}
	}
}
