package scheduler

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// executorSpec is how the executors of one sweep are started.
type executorSpec struct {
	template  ExecutorTemplate
	container *cluster.Container // nil: on the host
	// shared is what the packer calls the executor that all attempts on an agent share, whatever the agent's
	// architecture; empty: each attempt has its own.
	shared   offers.ExecutorID
	variants []string                     // of the template, in order
	ids      map[string]offers.ExecutorID // of the shared executor, by variant
	inputs   []cluster.URI                // for those that serve one attempt
}

// sharedExecutor is what is known of an executor that attempts share. Variants that are started in the same way have
// the same id.
type sharedExecutor struct {
	packed offers.ExecutorID            // the packer's name for it
	ids    map[string]offers.ExecutorID // of all its variants
	// weightless: it is started with no resources of its own.
	weightless bool
}

// share gives the executor that attempts share its names.
func (o *executorSpec) share(known map[offers.ExecutorID]sharedExecutor) {
	o.shared = o.executorID("")
	o.ids = map[string]offers.ExecutorID{"": o.shared}
	for arch := range o.template.Builds {
		o.ids[arch] = o.executorID(arch)
	}
	o.variants = slices.Sorted(maps.Keys(o.ids))
	for _, id := range o.ids {
		known[id] = sharedExecutor{o.shared, o.ids, o.template.Overhead.CPUs == 0 && o.template.Overhead.Mem == 0}
	}
}

// executorID names a variant of the shared executor by all that makes one executor as good as another. Two kaon
// releases fetch different URIs or run different paths, and images differ, so their executors never mix. What is built
// for other architectures is not in it, so that the executors of one are found again when another is added.
func (o *executorSpec) executorID(arch string) offers.ExecutorID {
	t := o.template
	build := t.buildFor(arch)
	t.Argv, t.URIs, t.Builds = build.Argv, build.URIs, nil
	b, err := json.Marshal(t)
	if err == nil && o.container != nil {
		var inside []byte
		inside, err = json.Marshal(o.container)
		b = append(b, inside...)
	}
	if err != nil {
		panic(fmt.Sprintf("encode executor template: %v", err)) // plain data cannot fail
	}
	sum := sha256.Sum256(b)
	return offers.ExecutorID("kaon-" + hex.EncodeToString(sum[:8]))
}

// startedWith is the id of a shared executor of one variant that is started with those resources. Mesos compares all of
// an ExecutorInfo with that of the running executor of the same id. What the variant's hash leaves open is where its
// resources come from: the role, reservations and disks of the offer at hand. Two that differ in it are two executors.
func startedWith(variant offers.ExecutorID, role string, resources []offers.Amount) offers.ExecutorID {
	plain := role == ""
	for i := range resources {
		plain = plain && resources[i].Reservation == ""
	}
	if plain {
		return variant
	}
	total := map[string]resource.Milli{} // two amounts of one origin are one to Mesos
	for _, a := range resources {
		total[a.Name+"\x00"+a.Reservation+"\x00"+a.Source] += a.Scalar
	}
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(total)) {
		fmt.Fprintf(h, "%q %d\n", k, total[k])
	}
	return variant + originMark + offers.ExecutorID(hex.EncodeToString(h.Sum(nil)[:6]))
}

// originMark parts the variant from the hash of the resources in an executor's id.
const originMark = "."

func variantOf(id offers.ExecutorID) offers.ExecutorID {
	variant, _, _ := strings.Cut(string(id), originMark)
	return offers.ExecutorID(variant)
}

// roleName is an allocation role as the core keeps it: empty for Mesos's "*".
func roleName(role string) string {
	if role == "*" {
		return ""
	}
	return role
}

// Build is the executor for one architecture.
type Build struct {
	Argv []string
	URIs []cluster.URI
}

// buildFor is how the executor is started on agents of an architecture. Those that do not name theirs, and all when
// there is one way only, are of the architecture "".
func (t *ExecutorTemplate) buildFor(arch string) Build {
	if b, named := t.Builds[arch]; named {
		return b
	}
	return Build{t.Argv, t.URIs}
}

// variant is the key of the way in which the executor is started on agents of an architecture.
func (t *ExecutorTemplate) variant(arch string) string {
	if _, named := t.Builds[arch]; named {
		return arch
	}
	return ""
}

// unsupported reports whether the executor is not built for an architecture.
func (t *ExecutorTemplate) unsupported(arch string) bool {
	return arch != "" && len(t.Builds) > 0 && t.variant(arch) == ""
}

// ExecutorTemplate says how agents start the executor.
type ExecutorTemplate struct {
	Argv []string
	Once []string // added to Argv for an executor that serves one attempt
	Env  []string // KEY=VALUE
	URIs []cluster.URI
	// Builds take the place of Argv and URIs on agents that name their architecture, by that architecture as Go names
	// it. An agent of one that is not here gets no task. None: all agents are alike.
	Builds   map[string]Build   `json:",omitempty"`
	Overhead resource.Resources // what the executor itself needs
	// Disk is what its programs take in a sandbox. It is asked for where trials ask for disk: agents that keep
	// containers to their disk count them with what the trials write, and others need not offer any.
	Disk     resource.Milli `json:"-"`
	Isolated bool           // one executor per attempt; otherwise one warm executor per agent runs many
}

// shares reports whether an attempt that is to be launched as a demand says shares its executor.
func (o *executorSpec) shares(d *offers.Demand) bool { return o.shared != "" && d.Executor != "" }
