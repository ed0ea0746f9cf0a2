package resource

import (
	"errors"
	"regexp"
	"strings"
)

// GPUNames are the resources by which Kubernetes has GPUs, one for each maker. A task that asks for one of them asks
// for as many GPUs as well, so that both are counted where either is.
var GPUNames = []string{"nvidia.com/gpu", "amd.com/gpu"}

// Extended tells the name of a device from those of other amounts: it has a domain, as what Kubernetes's device plugins
// offer has. Such resources are given out whole, and to a container from its beginning to its end.
func Extended(name string) bool { return strings.Contains(name, "/") }

var (
	domain     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	deviceName = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)
)

const (
	domainMost = 244 // of 253: in quotas `requests.` comes before it
	deviceMost = 63
)

// CheckExtended says what is wrong with the name of a device.
func CheckExtended(name string) error {
	of, device, found := strings.Cut(name, "/")
	switch {
	case !found || !domain.MatchString(of) || len(of) > domainMost || !deviceName.MatchString(device) ||
		len(device) > deviceMost:
		return errors.New("want a domain in small letters, one slash, and a name of at most 63 letters, " +
			"digits, - _ and .")
	case of == "kubernetes.io" || strings.HasSuffix(of, ".kubernetes.io"):
		return errors.New("names of kubernetes.io are Kubernetes's own")
	}
	return nil
}

// Devices says whether a task asks for GPUs or other devices, which its container has from its beginning.
func (q *Resources) Devices() bool {
	for name, amount := range q.Named {
		if amount > 0 && Extended(name) {
			return true
		}
	}
	return q.GPUs > 0
}
