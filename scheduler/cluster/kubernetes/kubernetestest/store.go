package kubernetestest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// store is what etcd and the API server's registry are in a real cluster: the objects, their versions and the history
// that watches read. Objects in it are never changed, only replaced.
type store struct {
	mu        sync.Mutex
	version   uint64
	objects   map[key]Object
	history   []change
	compacted uint64 // changes up to this version are forgotten
	changed   chan struct{}

	onNode map[string]map[key]bool // pods by spec.nodeName
	nodes  sync.Map                // name: *Kubelet, which is woken when a pod of its changes
}

type key struct {
	kind            *Kind
	namespace, name string
}

type change struct {
	version       uint64
	kind          *Kind
	before, after Object // nil: it was not, it is no more
	last          Object // what a DELETED event carries
}

// historyLimit is how many changes are kept at most; a real API server keeps five minutes of them.
const historyLimit = 20_000

func newStore() *store {
	return &store{version: 1000, objects: map[key]Object{}, changed: make(chan struct{}),
		onNode: map[string]map[key]bool{}}
}

func (s *store) signal() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// write puts after in the place of before; either may be nil. The caller has the lock, and after is the store's from
// now on.
func (s *store) write(k key, after Object) Object {
	s.version++
	before, c := s.objects[k], change{version: s.version, kind: k.kind}
	c.before = before
	if after != nil {
		after.meta()["resourceVersion"] = strconv.FormatUint(s.version, 10)
		s.objects[k], c.after = after, after
	} else {
		last := before.clone()
		last.meta()["resourceVersion"] = strconv.FormatUint(s.version, 10)
		delete(s.objects, k)
		c.last = last
	}
	s.history = append(s.history, c)
	if len(s.history) > historyLimit {
		s.compacted = s.history[historyLimit/2-1].version
		s.history = slices.Clone(s.history[historyLimit/2:])
	}
	s.place(k, before, after)
	s.signal()
	if after == nil {
		s.collect(before.UID())
	}
	return after
}

// place keeps which pods are on which node, and wakes the kubelet.
func (s *store) place(k key, before, after Object) {
	if k.kind.Resource != "pods" {
		return
	}
	was, is := before.Text("spec", "nodeName"), after.Text("spec", "nodeName")
	delete(s.onNode[was], k)
	if is != "" {
		if s.onNode[is] == nil {
			s.onNode[is] = map[key]bool{}
		}
		s.onNode[is][k] = true
	}
	for _, name := range []string{was, is} {
		if kubelet, ok := s.nodes.Load(name); ok {
			kubelet.(interface{ poke() }).poke()
		}
	}
}

// podsOn are the pods of a node.
func (s *store) podsOn(node string) (all []Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.onNode[node] {
		all = append(all, s.objects[k])
	}
	return all
}

// collect deletes what an object that is gone owned, as the garbage collector does.
func (s *store) collect(owner string) {
	alive := map[string]bool{}
	for _, o := range s.objects {
		alive[o.UID()] = true
	}
	var orphans []key
	for k, o := range s.objects {
		owners, owned := items(o.Get("metadata", "ownerReferences")), false
		for _, ref := range owners {
			owned = owned || text(ref, "uid") == owner
		}
		if owned && !slices.ContainsFunc(owners, func(ref any) bool { return alive[text(ref, "uid")] }) {
			orphans = append(orphans, k)
		}
	}
	for _, k := range orphans {
		_, _, _ = s.remove(k, deletion{})
	}
}

// compact forgets the history, so that watches of older versions end with 410.
func (s *store) compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++ // nobody has seen this one
	s.history, s.compacted = nil, s.version
	s.signal()
}

func (s *store) get(k key) (Object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[k]
	return o, ok
}

// list is the objects of a kind, sorted, and the version they are of. Namespace "" means all.
func (s *store) list(kind *Kind, namespace string, match selector) ([]Object, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listed(kind, namespace, match), s.version
}

func (s *store) listed(kind *Kind, namespace string, match selector) (all []Object) {
	for k, o := range s.objects {
		if k.kind == kind && (namespace == "" || k.namespace == namespace) && (match == nil || match(o)) {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b Object) int {
		return strings.Compare(a.Namespace()+"/"+a.Name(), b.Namespace()+"/"+b.Name())
	})
	return all
}

// create keeps a new object, which becomes the store's own.
func (s *store) create(kind *Kind, namespace string, o Object) (Object, *Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	meta := o.meta()
	if kind.Namespaced {
		if _, ok := s.objects[key{kindNamed("namespaces"), "", namespace}]; !ok {
			return nil, notFound(kindNamed("namespaces"), namespace)
		}
		meta["namespace"] = namespace
	} else {
		delete(meta, "namespace")
	}
	if o.Name() == "" {
		if prefix := text(meta, "generateName"); prefix != "" {
			meta["name"] = prefix + randomHex(3)[:5]
		}
	}
	for _, foreign := range []string{"deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink",
		"managedFields"} {
		delete(meta, foreign)
	}
	k := key{kind, namespace, o.Name()}
	if _, taken := s.objects[k]; taken {
		return nil, &Status{Code: http.StatusConflict, Reason: "AlreadyExists",
			Message: fmt.Sprintf("%s %q already exists", kind.Qualified(), o.Name())}
	}
	meta["uid"], meta["creationTimestamp"] = newUID(), stamp(time.Now())
	o["kind"], o["apiVersion"] = kind.Kind, kind.APIVersion()
	return s.write(k, o), nil
}

// update replaces an object by what edit makes of it. edit gets a copy, and answers nil with a status where it refuses.
func (s *store) update(k key, edit func(old Object) (Object, *Status)) (Object, *Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.objects[k]
	if !ok {
		return nil, notFound(k.kind, k.name)
	}
	o, status := edit(old.clone())
	if status != nil {
		return nil, status
	}
	if v := o.Version(); v != "" && v != old.Version() {
		return nil, conflict(k.kind, k.name, "the object has been modified; please apply your changes to the "+
			"latest version and try again")
	}
	if uid := o.UID(); uid != "" && uid != old.UID() {
		return nil, conflict(k.kind, k.name,
			fmt.Sprintf("Precondition failed: UID in precondition: %s, UID in object meta: %s", uid, old.UID()))
	}
	meta := o.meta()
	for _, fixed := range []string{
		"uid", "name", "namespace", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
		"resourceVersion",
	} {
		if v := old.Get("metadata", fixed); v != nil {
			meta[fixed] = v
		} else {
			delete(meta, fixed)
		}
	}
	o["kind"], o["apiVersion"] = k.kind.Kind, k.kind.APIVersion()
	if old.Deleting() {
		had := old.Finalizers()
		for _, name := range o.Finalizers() {
			if !slices.Contains(had, name) {
				return nil, invalid(k.kind, k.name, "metadata.finalizers: Forbidden: no new finalizers can be "+
					"added if the object is being deleted, found new finalizers []string{\""+name+"\"}")
			}
		}
		if grace, graceful := number(old, "metadata", "deletionGracePeriodSeconds"); len(o.Finalizers()) == 0 &&
			(!graceful || grace == 0) {
			s.write(k, o)
			s.write(k, nil)
			return o, nil
		}
	}
	if same(map[string]any(o), map[string]any(old)) {
		return old, nil
	}
	return s.write(k, o), nil
}

// deletion is how something is to be deleted.
type deletion struct {
	grace        *int64
	uid, version string // preconditions
}

// delete asks for an object's end; gone says that it has come.
func (s *store) delete(k key, how deletion) (o Object, gone bool, status *Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remove(k, how)
}

func (s *store) remove(k key, how deletion) (o Object, gone bool, status *Status) {
	old, ok := s.objects[k]
	if !ok {
		return nil, false, notFound(k.kind, k.name)
	}
	if how.uid != "" && how.uid != old.UID() {
		return nil, false, conflict(k.kind, k.name, fmt.Sprintf(
			"Precondition failed: UID in precondition: %s, UID in object meta: %s", how.uid, old.UID()))
	}
	if how.version != "" && how.version != old.Version() {
		return nil, false, conflict(k.kind, k.name, fmt.Sprintf(
			"Precondition failed: ResourceVersion in precondition: %s, ResourceVersion in object meta: %s", how.version,
			old.Version()))
	}
	grace := int64(0)
	if k.kind.Resource == "pods" {
		grace, _ = number(old, "spec", "terminationGracePeriodSeconds")
		if how.grace != nil {
			grace = *how.grace
		}
		if grace < 0 {
			grace = 1
		}
		if old.Text("spec", "nodeName") == "" || old.ended() {
			grace = 0
		}
	}
	before, pending := number(old, "metadata", "deletionGracePeriodSeconds")
	o = old.clone()
	meta := o.meta()
	if grace > 0 {
		if pending && grace >= before {
			return old, false, nil // as it was asked for already
		}
		meta["deletionTimestamp"],
			meta["deletionGracePeriodSeconds"] = stamp(time.Now().Add(time.Duration(grace)*time.Second)), float64(grace)
		return s.write(k, o), false, nil
	}
	if len(old.Finalizers()) == 0 {
		s.write(k, nil)
		return old, true, nil
	}
	if old.Deleting() && pending && before == 0 {
		return old, false, nil
	}
	if !old.Deleting() {
		meta["deletionTimestamp"] = stamp(time.Now())
	}
	meta["deletionGracePeriodSeconds"] = float64(0)
	return s.write(k, o), false, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func newUID() string {
	s := randomHex(16)
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}
