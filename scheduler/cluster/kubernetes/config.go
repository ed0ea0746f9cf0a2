package kubernetes

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Scheme begins the address of a cluster: kubernetes://CONTEXT?options, or kubernetes alone.
const Scheme = "kubernetes"

// Config says which cluster to drive, and what its pods are like. Zero fields take the defaults named here.
type Config struct {
	Kubeconfig string // file; empty: as kubectl finds it, else the account of the pod that this process runs in
	Context    string // of the kubeconfig; empty: the current one
	Namespace  string // of the pods; empty: the context's
	Nodes      string // selector of labels; empty: all nodes

	Image    string // for trials that name none; empty: such trials are refused
	Executor string // kaon's own binary: a path in every image; empty: this program is brought to the pod
	// KaonImage holds kaon's binary at /kaon, and brings it to pods by an init container; empty: by the pod's standard
	// input, for which the trial's image needs a shell, head and gzip
	KaonImage string

	User           string            // UID[:GID] of trials whose spec says none; default 65532:65532
	Root           bool              // trials may run as root: pods are not held to PodSecurity's "restricted"
	Scheduler      string            // binds the pods, or KubeScheduler; empty: they are created bound
	PriorityClass  string            // of the pods; empty: the cluster's default
	RuntimeClass   string            // of the pods; empty: the cluster's default
	ServiceAccount string            // of the pods; they get no token of it. Empty: default
	PullSecrets    []string          // Secrets by which images are pulled
	Tolerate       []string          // taints KEY[=VALUE][:EFFECT] that are no obstacle
	Labels         map[string]string // of the pods, besides kaon's own
	Annotations    map[string]string // of the pods, likewise
	Limits         Limits            // that pods have beside their requests
	GPU            string            // the resource that GPUs are; empty: resource.GPUNames, whichever a node has
	Rate           float64           // pods created a second, at most; default 20

	// NodeTimeout is after how long without its kubelet a node's trials are given up; default 75 s, as Mesos's agents'
	NodeTimeout time.Duration

	// StartTimeout is how long a volume or a network may keep a pod from starting, as its Events say; default 3
	// minutes: nodes that were just added have neither at once
	StartTimeout time.Duration

	// CreateTimeout is how long a pod is tried to be created while the API server is away, a quota is used up or our
	// account is not taken in; default 2 minutes. Then its tasks are given back
	CreateTimeout time.Duration

	// Resend is how long an update waits for the scheduler's acknowledgement before it is sent again, the first time;
	// default 10 s, as Mesos's
	Resend time.Duration

	Folder  string                                     // where agents remember their executors; required
	Program func(arch string) (path string, err error) // kaon's binary for nodes of an architecture
	// Files serves what executors ask of hosts other than their agent; nil: nothing
	Files http.Handler
	Log   *slog.Logger // default: discards
}

// Limits says which limits pods have, as far as they need not have them.
type Limits string

// What limits there are. A pod with one attempt has a limit of memory in any case.
const (
	LimitsNone     Limits = ""         // of CPUs; of the memory of warm pods
	LimitsMemory   Limits = "memory"   // of all pods' memory, as much as they request
	LimitsRequests Limits = "requests" // of memory and CPUs, as much as they request
)

// of are the limits of a container that requests so much.
func (l Limits) of(requests amounts) amounts {
	switch l {
	case LimitsMemory:
		return amounts{memoryName: requests[memoryName]}
	case LimitsRequests:
		return amounts{memoryName: requests[memoryName], cpuName: requests[cpuName]}
	}
	return nil
}

const (
	defaultRate = 20
	defaultUser = 65532 // the "nonroot" of distroless images, which is no user of any other
	// queueLabel is by which Kueue takes pods: it has them created held back, which bound ones cannot be.
	queueLabel = "kueue.x-k8s.io/queue-name"
)

func (c *Config) complete() error {
	if c.Folder == "" {
		return errors.New("no folder given in which agents remember their executors")
	}
	c.Rate = cmp.Or(c.Rate, defaultRate)
	c.StartTimeout = cmp.Or(c.StartTimeout, 3*time.Minute)
	c.CreateTimeout = cmp.Or(c.CreateTimeout, 2*time.Minute)
	c.User = cmp.Or(c.User, fmt.Sprintf("%d:%d", defaultUser, defaultUser))
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return CheckUser(c.User, c.Root)
}

// numericUser reads UID[:GID]; the group is the user's number when it is left out.
func numericUser(text string) (uid, gid int64, err error) {
	user, group, grouped := strings.Cut(text, ":")
	uid, err = strconv.ParseInt(user, 10, 32)
	gid = uid
	if err == nil && grouped {
		gid, err = strconv.ParseInt(group, 10, 32)
	}
	if err != nil || uid < 0 || gid < 0 {
		return 0, 0, fmt.Errorf("user %q: on Kubernetes a user is a number, UID or UID:GID: names are known only "+
			"within an image", text)
	}
	return uid, gid, nil
}

// CheckUser refuses a user that pods cannot have, where root is not allowed.
func CheckUser(text string, root bool) error {
	uid, gid, err := numericUser(text)
	if err == nil && !root && (uid == 0 || gid == 0) {
		err = fmt.Errorf("user %q: root is not for pods under PodSecurity's \"restricted\": name another user "+
			"and group, or allow it "+
			"for all by %s://CONTEXT?root=true", text, Scheme)
	}
	return err
}

// ParseAddress reads kubernetes, kubernetes://CONTEXT or kubernetes://CONTEXT?options.
func ParseAddress(text string) (Config, error) {
	var c Config
	fail := func(format string, args ...any) (Config, error) {
		return Config{}, fmt.Errorf("read cluster %q: %s", text, fmt.Sprintf(format, args...))
	}
	rest, ok := strings.CutPrefix(text, Scheme)
	if !ok || rest != "" && !strings.HasPrefix(rest, "://") {
		return fail("want kubernetes, or kubernetes://CONTEXT?namespace=NAME")
	}
	context, query, _ := strings.Cut(strings.TrimPrefix(rest, "://"), "?")
	var err error
	if c.Context, err = url.PathUnescape(context); err != nil { // contexts of clouds have slashes and colons in them
		return fail("bad context: %v", err)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return fail("bad options: %v", err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		set, known := options[name]
		if !known {
			known := slices.Sorted(maps.Keys(options))
			if near := sweep.Nearest(name, known); near != "" {
				return fail("unknown option %q: did you mean %s?", name, near)
			}
			return fail("unknown option %q: the options are %s", name, strings.Join(known, ", "))
		}
		if len(values[name]) > 1 && !slices.Contains(repeated, name) {
			return fail("option %s is said twice, with %q and %q: leave one out", name, values[name][0],
				values[name][1])
		}
		for _, value := range values[name] {
			if err := set(&c, value); err != nil {
				return fail("option %s=%q: %v", name, value, err)
			}
		}
	}
	if queue := c.Labels[queueLabel]; queue != "" && c.Scheduler == "" {
		return fail("option label=%s=%s: Kueue holds pods back before they have a node, and kaon's are created "+
			"with theirs: add scheduler=%s", queueLabel, queue, KubeScheduler)
	}
	return c, nil
}

// repeated are the options that may be said more than once.
var repeated = []string{"annotation", "label", "pull_secret", "tolerate"}

// options are those of an address.
var options = map[string]func(c *Config, value string) error{
	"kubeconfig":      func(c *Config, v string) error { c.Kubeconfig = v; return nil },
	"namespace":       namedObject(func(c *Config, v string) { c.Namespace = v }),
	"nodes":           func(c *Config, v string) error { c.Nodes = v; return nil },
	"image":           func(c *Config, v string) error { c.Image = v; return nil },
	"executor":        setExecutor,
	"kaon_image":      func(c *Config, v string) error { c.KaonImage = v; return nil },
	"scheduler":       setScheduler,
	"priority_class":  namedObject(func(c *Config, v string) { c.PriorityClass = v }),
	"runtime_class":   namedObject(func(c *Config, v string) { c.RuntimeClass = v }),
	"service_account": namedObject(func(c *Config, v string) { c.ServiceAccount = v }),
	"pull_secret":     namedObject(func(c *Config, v string) { c.PullSecrets = append(c.PullSecrets, v) }),
	"tolerate":        setToleration,
	"label":           setLabel,
	"annotation":      setAnnotation,
	"limits":          setLimits,
	"gpu":             setGPU,
	"rate":            setRate,
	"root":            setRoot,
	"user": func(c *Config, v string) (err error) {
		c.User = v
		_, _, err = numericUser(v)
		return err
	},
}

func setExecutor(c *Config, v string) error {
	if !strings.HasPrefix(v, "/") {
		return errors.New("want the absolute path of kaon's binary in the images")
	}
	c.Executor = v
	return nil
}

func setScheduler(c *Config, v string) error {
	if v == "" || strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return fmt.Errorf("want %s, or what schedulerName of pods is to be", KubeScheduler)
	}
	c.Scheduler = v
	return nil
}

var (
	objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)
	// keyPattern is a key of labels, annotations and taints; a domain may be before its name.
	keyPattern   = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$`)
	valuePattern = regexp.MustCompile(`^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$`) // of labels and taints
)

// namedObject is an option that names an object of the cluster.
func namedObject(set func(c *Config, v string)) func(*Config, string) error {
	return func(c *Config, v string) error {
		if v != "" && (len(v) > 253 || !objectName.MatchString(v)) {
			return errors.New("want a name as objects of Kubernetes have: lower-case letters, digits, - and .")
		}
		set(c, v)
		return nil
	}
}

func setToleration(c *Config, v string) error {
	t, effects := parseToleration(v), []string{"NoSchedule", "NoExecute", "PreferNoSchedule"}
	switch {
	case !keyPattern.MatchString(t.Key) || !valuePattern.MatchString(t.Value):
		return errors.New("want a taint, KEY[=VALUE][:EFFECT]")
	case t.Effect != "" && !slices.Contains(effects, t.Effect):
		return fmt.Errorf("there is no effect %q: want %s, or none for all", t.Effect, strings.Join(effects, ", "))
	}
	c.Tolerate = append(c.Tolerate, v)
	return nil
}

// keyValue reads KEY=VALUE of a key that is not kaon's.
func keyValue(v string) (key, value string, err error) {
	key, value, ok := strings.Cut(v, "=")
	if !ok || !keyPattern.MatchString(key) || strings.HasPrefix(key, prefix) {
		err = errors.New("want KEY=VALUE, of a key as Kubernetes has them that is not kaon's")
	}
	return key, value, err
}

func setLabel(c *Config, v string) error {
	key, value, err := keyValue(v)
	if err == nil && !valuePattern.MatchString(value) {
		err = errors.New("values of labels have at most 63 letters, digits, -, _ and .: annotation takes any text")
	}
	if err != nil {
		return err
	}
	if c.Labels == nil {
		c.Labels = map[string]string{}
	}
	c.Labels[key] = value
	return nil
}

func setAnnotation(c *Config, v string) error {
	key, value, err := keyValue(v)
	if err != nil {
		return err
	}
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	c.Annotations[key] = value
	return nil
}

func setLimits(c *Config, v string) error {
	c.Limits = Limits(v)
	if c.Limits != LimitsMemory && c.Limits != LimitsRequests {
		return fmt.Errorf("want %s, for limits of memory and CPUs, or %s", LimitsRequests, LimitsMemory)
	}
	return nil
}

func setGPU(c *Config, v string) error {
	c.GPU = v
	return resource.CheckExtended(v)
}

// gpuNames are the resources that GPUs are.
func (c *Config) gpuNames() []string {
	if c.GPU != "" {
		return []string{c.GPU}
	}
	return resource.GPUNames
}

// CheckDevices refuses to count as GPUs what the address does not call so, and to have GPUs counted as something else.
func (c *Config) CheckDevices(need resource.Resources) error {
	if c.GPU == "" {
		return nil
	}
	for _, name := range need.Names() {
		switch {
		case name == c.GPU && !slices.Contains(resource.GPUNames, name):
			return fmt.Errorf("task.resources.%s: these are GPUs, as the cluster's address has gpu=%s: write "+
				"`gpus` for it", name, name)
		case name != c.GPU && slices.Contains(resource.GPUNames, name):
			return fmt.Errorf("task.resources.%s: the cluster's address has gpu=%s, so that there are no other "+
				"GPUs: leave that out of it, or write `gpus`",
				name, c.GPU)
		}
	}
	return nil
}

func setRate(c *Config, v string) (err error) {
	if c.Rate, err = strconv.ParseFloat(v, 64); err != nil || !(c.Rate > 0 && c.Rate <= 1000) {
		return errors.New("want pods a second, from above 0 to 1000")
	}
	return nil
}

func setRoot(c *Config, v string) (err error) {
	if c.Root = v == ""; !c.Root {
		c.Root, err = strconv.ParseBool(v)
	}
	return err
}
