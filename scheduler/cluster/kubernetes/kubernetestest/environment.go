package kubernetestest

import (
	"encoding/base64"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// mount is a volume in a container: the path that it has there, and the folder that it is.
type mount struct{ path, folder string }

// located is text with the folders of volumes in the place of the paths at which they are mounted. A path counts only
// where it stands alone, as after '=' and before '/': the deepest mount first.
func located(text string, mounts []mount) string {
	var out strings.Builder
next:
	for i := 0; i < len(text); {
		if i == 0 || !pathByte(text[i-1]) {
			for _, m := range mounts {
				if strings.HasPrefix(text[i:], m.path) {
					if rest := text[i+len(m.path):]; rest == "" || rest[0] == '/' || !pathByte(rest[0]) {
						out.WriteString(m.folder)
						i += len(m.path)
						continue next
					}
				}
			}
		}
		out.WriteByte(text[i])
		i++
	}
	return out.String()
}

func pathByte(b byte) bool {
	return b == '/' || b == '.' || b == '-' || b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' ||
		b >= 'A' && b <= 'Z'
}

// deepest sorts mounts for located.
func deepest(mounts []mount) []mount {
	slices.SortStableFunc(mounts, func(a, b mount) int { return len(b.path) - len(a.path) })
	return mounts
}

// expanded is text with $(NAME) replaced by variables that are known, and $$ by $.
func expanded(text string, known map[string]string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		if text[i+1] == '$' {
			out.WriteByte('$')
			i++
			continue
		}
		if end := strings.IndexByte(text[i:], ')'); text[i+1] == '(' && end > 0 {
			if value, has := known[text[i+2:i+end]]; has {
				out.WriteString(value)
				i += end
				continue
			}
		}
		out.WriteByte('$')
	}
	return out.String()
}

// environment is a container's variables in order, and what is known of them by name.
func (k *Kubelet) environment(
	pod Object, container map[string]any, image Image,
) (env []string, known map[string]string, err error) {
	known = map[string]string{}
	set := func(name, value string) {
		env = slices.DeleteFunc(env, func(s string) bool { return strings.HasPrefix(s, name+"=") })
		env, known[name] = append(env, name+"="+value), value
	}
	set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	for _, one := range image.Env {
		name, value, _ := strings.Cut(one, "=")
		set(name, value)
	}
	set("HOSTNAME", pod.Name())
	set("KUBERNETES_SERVICE_HOST", "127.0.0.1")
	for _, from := range items(container, "envFrom") {
		for resource, ref := range map[string]string{"secrets": "secretRef", "configmaps": "configMapRef"} {
			if dig(from, ref) == nil {
				continue
			}
			data, err := k.data(resource, pod.Namespace(), text(from, ref, "name"), flag(from, ref, "optional"))
			if err != nil {
				return nil, nil, err
			}
			for _, name := range sortedKeys(data) {
				set(text(from, "prefix")+name, data[name])
			}
		}
	}
	for _, e := range items(container, "env") {
		value, err := k.variable(pod, e, known)
		if err != nil {
			return nil, nil, err
		}
		set(text(e, "name"), value)
	}
	return env, known, nil
}

func (k *Kubelet) variable(pod Object, e any, known map[string]string) (string, error) {
	from := dict(e, "valueFrom")
	if from == nil {
		return expanded(text(e, "value"), known), nil
	}
	if ref := dict(from, "fieldRef"); ref != nil {
		return k.field(pod, text(ref, "fieldPath")), nil
	}
	for resource, kind := range map[string]string{"secrets": "secretKeyRef", "configmaps": "configMapKeyRef"} {
		ref := dict(from, kind)
		if ref == nil {
			continue
		}
		data, err := k.data(resource, pod.Namespace(), text(ref, "name"), flag(ref, "optional"))
		if err != nil {
			return "", err
		}
		value, has := data[text(ref, "key")]
		if !has && !flag(ref, "optional") {
			return "", fmt.Errorf("couldn't find key %s in %s %s/%s", text(ref, "key"), kindNamed(resource).Kind,
				pod.Namespace(), text(ref, "name"))
		}
		return value, nil
	}
	return "", nil
}

// field is what the downward API knows of a pod.
func (k *Kubelet) field(pod Object, fieldPath string) string {
	switch fieldPath {
	case "status.hostIP", "status.podIP":
		return "127.0.0.1"
	case "spec.nodeName":
		return k.name
	case "metadata.labels", "metadata.annotations":
		all := words(pod.Get(strings.Split(fieldPath, ".")...))
		var lines []string
		for _, name := range sortedKeys(all) {
			lines = append(lines, fmt.Sprintf("%s=%q", name, all[name]))
		}
		return strings.Join(lines, "\n")
	}
	if base, in, ok := strings.Cut(fieldPath, "["); ok {
		return words(pod.Get(strings.Split(base, ".")...))[strings.Trim(in, "]'\"")]
	}
	return pod.Text(strings.Split(fieldPath, ".")...)
}

// data is the plain content of a secret or config map.
func (k *Kubelet) data(resource, namespace, name string, optional bool) (map[string]string, error) {
	o, ok := k.c.store.get(key{kindNamed(resource), namespace, name})
	if !ok {
		if optional {
			return nil, nil
		}
		return nil, fmt.Errorf("%s %q not found", strings.ToLower(kindNamed(resource).Kind), name)
	}
	data := words(o.Get("data"))
	if resource == "secrets" {
		for name, value := range data {
			plain, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				return nil, err
			}
			data[name] = string(plain)
		}
	}
	return data, nil
}

// program is where the program of a container's command lies on this machine.
func (i Image) program(name string) string {
	if file, ok := i.Files[name]; ok {
		return file
	}
	if !strings.Contains(name, "/") {
		for in, file := range i.Files {
			if path.Base(in) == name {
				return file
			}
		}
	}
	return filepath.FromSlash(name)
}
