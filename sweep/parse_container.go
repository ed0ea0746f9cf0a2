package sweep

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"
)

// containerKeys are the keys of `task` that mean nothing without an image.
var containerKeys = []string{"container", "pull", "network", "volumes", "ulimits", "shm", "registry", "user"}

// container reads the keys of `task` that say which image trials run in.
func (d *decoder) container(n *node) {
	t := &d.spec.Task
	image := n.get("image")
	if image == nil || image.null {
		for _, key := range containerKeys {
			if p := n.get(key); p != nil && !p.null {
				d.fail(p, "task."+key, "there is no image to use it with",
					"add `image: registry/name:tag`, or remove it")
			}
		}
		return
	}
	c := &Container{
		Image:         d.image(image, "task.image"),
		Containerizer: d.word(n.get("container"), "task.container", []string{Docker, Mesos}),
		Pull:          d.word(n.get("pull"), "task.pull", []string{PullMissing, PullAlways}),
		Network: d.word(n.get("network"), "task.network",
			[]string{NetworkHost, NetworkBridge, NetworkNone}),
		User:     d.user(n.get("user"), "task.user"),
		ShmMB:    d.shm(n.get("shm")),
		Registry: d.registry(n.get("registry")),
	}
	for i, item := range d.list(n.get("volumes"), "task.volumes", `volumes: ["/data:/data:ro"]`) {
		c.Volumes = append(c.Volumes, d.volume(item, fmt.Sprintf("task.volumes.%d", i)))
	}
	c.Ulimits = d.ulimits(n.get("ulimits"))
	t.Container = c
	if i := n.get("isolation"); i == nil || i.null {
		t.Isolation = Contained
	}
}

// Docker's own grammar of references, less the bound on their length, longestImage.
var imageReference = regexp.MustCompile(`^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?` +
	`[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*` +
	`(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`)

const longestImage = 512

func (d *decoder) image(n *node, field string) string {
	name := d.text(n, field)
	if n.kind == scalar && (len(name) > longestImage || !imageReference.MatchString(name)) {
		d.fail(n, field, fmt.Sprintf("`%s` cannot be an image's name", short(name)),
			"write it as Docker does: registry.example.com/team/digits:1, in small letters")
	}
	return name
}

var userName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$`)

func (d *decoder) user(n *node, field string) string {
	if n == nil || n.null {
		return ""
	}
	name := d.text(n, field)
	if name != "" && !userName.MatchString(name) {
		d.fail(n, field, fmt.Sprintf("`%s` cannot be a user", short(name)),
			"write a name or a number the image knows, with or without a group: nobody, 1000:1000")
	}
	return name
}

// shm reads the size of /dev/shm.
func (d *decoder) shm(n *node) int64 {
	if n == nil || n.null {
		return 0
	}
	q := d.quantity(n, "task.shm", true)
	switch {
	case q.formula != nil:
		d.fail(n, "task.shm", "an amount is needed, not an expression", "write an amount such as 64MB or 2GB")
	case q.fixed > 1<<30:
		d.fail(n, "task.shm", "that is more shared memory than a machine has",
			"write an amount such as 64MB or 2GB")
	}
	return int64(math.Ceil(q.fixed))
}

// volume reads host:path[:ro|rw], or a mapping of the same.
func (d *decoder) volume(n *node, field string) Volume {
	var v Volume
	if n.kind == mapping {
		if d.mapping(n, field, "volume") {
			v.Host, v.Path = d.text(n.get("host"), field+".host"), d.text(n.get("path"), field+".path")
			v.ReadOnly = d.word(n.get("mode"), field+".mode", []string{"ro", "rw"}) == "ro"
		}
	} else {
		parts := strings.Split(d.text(n, field), ":")
		if len(parts) == 3 && (parts[2] == "ro" || parts[2] == "rw") {
			v.ReadOnly = parts[2] == "ro"
			parts = parts[:2]
		}
		if len(parts) == 2 {
			v.Host, v.Path = parts[0], parts[1]
		}
	}
	switch {
	case !path.IsAbs(v.Host) || !path.IsAbs(v.Path):
		d.fail(n, field, "a volume is two absolute paths, on the agent and inside",
			`write "/data:/data:ro", or {host: /data, path: /data, mode: ro}`)
	case strings.HasPrefix(SandboxPath+"/", strings.TrimSuffix(path.Clean(v.Path), "/")+"/"):
		d.fail(n, field, fmt.Sprintf("`%s` would hide what kaon needs inside", short(v.Path)),
			"choose another path inside the container")
	}
	return v
}

// ulimits reads {nofile: 4096, memlock: unlimited, stack: [8388608, unlimited]}, in the order of names.
func (d *decoder) ulimits(n *node) []Ulimit {
	if n == nil || n.null {
		return nil
	}
	if !d.mappingOf(n, "task.ulimits", "ulimits: {nofile: 4096, memlock: unlimited}") {
		return nil
	}
	var out []Ulimit
	for _, p := range n.pairs {
		name, field := p.key.text, join("task.ulimits", p.key.text)
		if !slices.Contains(UlimitNames, name) {
			d.fail(p.key, field, fmt.Sprintf("unknown limit `%s`", short(name)),
				didYouMean(name, UlimitNames))
			continue
		}
		u := Ulimit{Name: name}
		if p.value.kind == list && len(p.value.items) == 2 {
			u.Soft, u.Hard = d.bound(p.value.items[0], field+".0"), d.bound(p.value.items[1], field+".1")
		} else {
			u.Soft = d.bound(p.value, field)
			u.Hard = u.Soft
		}
		if u.Hard != Unlimited && (u.Soft == Unlimited || u.Soft > u.Hard) {
			d.fail(p.value, field, "the soft limit is above the hard one",
				"write [soft, hard] with soft at most hard")
		}
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b Ulimit) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// bound is a number of whatever the limit counts, or unlimited.
func (d *decoder) bound(n *node, field string) int64 {
	if n.kind == scalar && n.text == "unlimited" {
		return Unlimited
	}
	return d.integer(n, field, 0, math.MaxInt64)
}

func (d *decoder) registry(n *node) *RegistryLogin {
	const example = "write registry: {username: me, password: REGISTRY_TOKEN}, where the variable " +
		"REGISTRY_TOKEN holds the password"
	if n == nil || n.null {
		return nil
	}
	if n.kind != mapping {
		d.fail(n, "task.registry", "a mapping is needed, not "+n.what(), example)
		return nil
	}
	if !d.mapping(n, "task.registry", "task.registry") {
		return nil
	}
	r := &RegistryLogin{Server: d.text(n.get("server"), "task.registry.server"),
		Username: d.text(n.get("username"), "task.registry.username")}
	r.PasswordEnv, r.ConfigEnv = d.secretName(n, "password", example), d.secretName(n, "config", example)
	switch {
	case r.ConfigEnv != "" && (r.Server != "" || r.Username != "" || r.PasswordEnv != ""):
		d.fail(n, "task.registry", "`config` already holds server, user and password",
			"remove the others, or `config`")
	case r.ConfigEnv == "" && (r.Username == "" || r.PasswordEnv == ""):
		d.fail(n, "task.registry", "a user name and the variable of a password are needed", example)
	}
	return r
}

// secretName reads the name of a variable. What does not look like one may be the secret itself, so it is not
// shown.
func (d *decoder) secretName(n *node, key, example string) string {
	at := n.get(key)
	if at == nil {
		return ""
	}
	name := d.text(at, "task.registry."+key)
	if !variable.MatchString(name) {
		d.fail(n, "task.registry."+key,
			"this is the name of a variable that holds the secret, not the secret", example)
	}
	return name
}
