package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// surveyWait is how long offers of a Mesos are taken.
const surveyWait = 2 * time.Second

// cluster checks that masters answer, take this framework in, and offer something.
func (c *doctorFlags) cluster(ctx context.Context, f *findings) {
	where, err := clusterAt(c.Cluster, executorFlags{}, machineFlags{c.GPUs})
	if err != nil {
		f.add("address", verdictFail, "write it as in mesos://host:5050?role=kaon: docs/mesos.md", "%v", err)
		return
	}
	where.ConnectTimeout = 5 * time.Second
	if where.Kubernetes != nil {
		found, err := where.Offers(ctx, "", surveyWait)
		if err != nil {
			f.add("kubernetes", verdictFail,
				"see that `kubectl get pods` works with the same context, and that deploy/kubernetes/rbac.yaml "+
					"is applied: docs/kubernetes.md", "%v", err)
		} else {
			describeNodes(f, found)
			checkAccount(ctx, f, *where.Kubernetes)
		}
		c.checkAdvertised(f, nil)
		return
	}
	if where.Mesos == nil {
		f.add("address", verdictOK, "", "trials run on this machine")
		c.checkAdvertised(f, nil)
		return
	}
	conf := *where.Mesos
	for _, master := range conf.Masters {
		checkMaster(ctx, f, conf, master)
	}
	found, err := where.Offers(ctx, "kaon doctor", surveyWait)
	if err != nil {
		f.add("subscription", verdictFail,
			"see that a master leads, that it lets this principal in, and that its ACLs allow the role: docs/mesos.md",
			"%v", err)
	} else {
		describeOffers(f, found, conf)
	}
	c.checkAdvertised(f, conf.Masters)
}

// checkMaster asks one master who it is. That one follows another is no fault.
func checkMaster(ctx context.Context, f *findings, conf mesos.Config, master string) {
	scheme := "http"
	if conf.TLS.Enabled {
		scheme = "https"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+master+"/version", nil)
	if err != nil {
		f.add("master "+master, verdictFail, "write it as host:port", "%v", err)
		return
	}
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		remedy := "see that it runs, and that nothing between lets nobody through: curl " + rq.URL.String()
		v := verdictFail
		if len(conf.Masters) > 1 || conf.TLS.Enabled { // others may lead; its certificate is the driver's to check
			v = verdictWarn
		}
		f.add("master "+master, v, remedy, "%v", err)
		return
	}
	defer rs.Body.Close()
	var about struct{ Version string }
	if rs.StatusCode != http.StatusOK || json.NewDecoder(rs.Body).Decode(&about) != nil || about.Version == "" {
		f.add("master "+master, verdictInfo, "", "it does not say its version: %s", rs.Status)
	} else {
		major, _, _ := strings.Cut(about.Version, ".")
		n, _ := strconv.Atoi(major)
		f.when(n < 1, verdictFail, "master "+master, "kaon speaks Mesos's v1 API, which there is from 1.0 on",
			"Mesos %s", about.Version)
	}
	checkClock(f, "master", rs.Header.Get("Date"), time.Now())
}

// describeNodes says what a Kubernetes has.
func describeNodes(f *findings, found []offers.Offer) {
	cpus, gpus := offered(found)
	f.when(len(found) == 0, verdictWarn, "kubernetes",
		"look at `kubectl get nodes`, at their taints (?tolerate=KEY) and at ?nodes=LABEL=VALUE",
		"%s may take trials, with %s cpus and %s GPUs when empty", plural(len(found), "node"), formatValue(cpus),
		formatValue(gpus))
}

// checkAccount asks a Kubernetes what the account may do.
func checkAccount(ctx context.Context, f *findings, conf kubernetes.Config) {
	const remedy = "have an administrator apply deploy/kubernetes/rbac.yaml: docs/kubernetes.md"
	needed, useful, err := kubernetes.Missing(ctx, conf)
	switch {
	case err != nil:
		f.add("rights", verdictWarn, remedy, "%v", err)
	case len(needed) > 0:
		f.add("rights", verdictFail, remedy, "the account may not %s",
			strings.Join(append(needed, useful...), "; not "))
	case len(useful) > 0:
		f.add("rights", verdictWarn, remedy, "sweeps run, but less is told and checked, as the account may not %s",
			strings.Join(useful, "; not "))
	default:
		f.add("rights", verdictOK, "", "the account may do what sweeps need")
	}
}

// offered is how many cpus and GPUs offers hold.
func offered(found []offers.Offer) (cpus, gpus float64) {
	for i := range found {
		for _, a := range found[i].Amounts {
			switch a.Name {
			case "cpus":
				cpus += float64(a.Scalar) / 1000
			case "gpus":
				gpus += float64(a.Scalar) / 1000
			}
		}
	}
	return cpus, gpus
}

// describeOffers says what there is now.
func describeOffers(f *findings, found []offers.Offer, conf mesos.Config) {
	roles, agents := []string{}, map[offers.AgentID]bool{}
	cpus, gpus := offered(found)
	for i := range found {
		agents[found[i].Agent] = true
		if role := found[i].Role; !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	asked := conf.Roles
	if len(asked) == 0 {
		asked = []string{"*"}
	}
	f.add("subscription", verdictOK, "", "as %s, role %s", orNobody(conf.Principal), strings.Join(asked, ", "))
	f.when(len(agents) == 0, verdictWarn, "offers",
		fmt.Sprintf("wait, or look at quota and weight of the role and at what other frameworks hold: "+
			"with ?role=… another role is asked for; %v is not long", surveyWait),
		"%s offered %s cpus and %s GPUs within %v%s", plural(len(agents), "agent"), formatValue(cpus),
		formatValue(gpus), surveyWait, toRoles(roles))
}

func orNobody(principal string) string {
	if principal == "" {
		return "nobody in particular"
	}
	return principal
}

func toRoles(roles []string) string {
	if len(roles) == 0 {
		return ""
	}
	return ", to " + strings.Join(roles, ", ")
}

// checkAdvertised tries the address that agents are to find this machine at, as far as that can be done from here.
func (c *doctorFlags) checkAdvertised(f *findings, masters []string) {
	if c.Advertise == "" {
		return
	}
	host, port, err := net.SplitHostPort(c.Advertise)
	if err != nil {
		host, port = c.Advertise, "0"
	}
	const remedy = "name an address of this machine that agents reach, and open its port in firewalls"
	if listen.Loopback(net.JoinHostPort(host, "0")) && slices.ContainsFunc(masters, func(m string) bool {
		return !listen.Loopback(m)
	}) {
		f.add("advertised address", verdictFail, remedy,
			"%s is this machine to every machine: agents would look at themselves", host)
		return
	}
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		f.add("advertised address", verdictWarn, "end what listens there, if it is not kaon", "port %s is taken: %v",
			port, err)
		return
	}
	defer l.Close()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), 5*time.Second)
	if err != nil {
		f.add("advertised address", verdictFail, remedy, "%v", err)
		return
	}
	conn.Close()
	f.add("advertised address", verdictOK, "", "%s leads here, seen from here; whether agents see it, only they know",
		host)
}
