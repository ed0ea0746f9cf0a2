package kubernetestest

import (
	"fmt"
	"os"
	"path/filepath"
)

// volumes makes the folders of a pod's volumes below its own, once.
func (k *Kubelet) volumes(pod Object, folder string) (map[string]string, error) {
	out := map[string]string{}
	for _, v := range items(pod.Get("spec", "volumes")) {
		name := text(v, "name")
		at := filepath.Join(folder, "volumes", name)
		out[name] = at
		content := map[string]string{}
		var err error
		switch {
		case dig(v, "hostPath") != nil:
			out[name] = text(v, "hostPath", "path")
			if kind := text(v, "hostPath", "type"); kind == "Directory" || kind == "File" {
				if _, err := os.Stat(out[name]); err != nil {
					return nil, fmt.Errorf("MountVolume.SetUp failed for volume %q : hostPath type check failed: "+
						"%s is not a %s", name, out[name], kind)
				}
			}
			continue
		case dig(v, "persistentVolumeClaim") != nil:
			claim := text(v, "persistentVolumeClaim", "claimName")
			if _, ok := k.c.store.get(key{kindNamed("persistentvolumeclaims"), pod.Namespace(), claim}); !ok {
				return nil, fmt.Errorf("persistentvolumeclaim %q not found", claim)
			}
			out[name] = filepath.Join(k.c.folder, "claims", pod.Namespace(), claim)
			if err := os.MkdirAll(out[name], 0o777); err != nil {
				return nil, err
			}
			continue
		case dig(v, "secret") != nil:
			content, err = k.projected(pod, dict(v, "secret"), "secrets", text(v, "secret", "secretName"))
		case dig(v, "configMap") != nil:
			content, err = k.projected(pod, dict(v, "configMap"), "configmaps", text(v, "configMap", "name"))
		case dig(v, "downwardAPI") != nil:
			content = k.downward(pod, items(v, "downwardAPI", "items"))
		case dig(v, "projected") != nil:
			for _, source := range items(v, "projected", "sources") {
				more := map[string]string{}
				switch {
				case dig(source, "secret") != nil:
					more, err = k.projected(pod, dict(source, "secret"), "secrets", text(source, "secret", "name"))
				case dig(source, "configMap") != nil:
					more, err = k.projected(pod, dict(source, "configMap"), "configmaps",
						text(source, "configMap", "name"))
				case dig(source, "downwardAPI") != nil:
					more = k.downward(pod, items(source, "downwardAPI", "items"))
				}
				for file, data := range more {
					content[file] = data
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", name, err)
		}
		if err := os.MkdirAll(at, 0o777); err != nil {
			return nil, err
		}
		for file, data := range content {
			if !filepath.IsLocal(file) {
				return nil, fmt.Errorf("volume %q: path %q leaves it", name, file)
			}
			if err := os.MkdirAll(filepath.Dir(filepath.Join(at, file)), 0o755); err != nil {
				return nil, err
			}
			if err := os.WriteFile(filepath.Join(at, file), []byte(data), 0o644); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// projected is the files that a secret or config map becomes: all, or the items that are named.
func (k *Kubelet) projected(pod Object, source map[string]any, resource, name string) (map[string]string, error) {
	data, err := k.data(resource, pod.Namespace(), name, flag(source, "optional"))
	if err != nil || len(items(source, "items")) == 0 {
		return data, err
	}
	some := map[string]string{}
	for _, item := range items(source, "items") {
		value, has := data[text(item, "key")]
		if !has && !flag(source, "optional") {
			return nil, fmt.Errorf("references non-existent secret key: %s", text(item, "key"))
		}
		some[text(item, "path")] = value
	}
	return some, nil
}

func (k *Kubelet) downward(pod Object, list []any) map[string]string {
	out := map[string]string{}
	for _, item := range list {
		out[text(item, "path")] = k.field(pod, text(item, "fieldRef", "fieldPath"))
	}
	return out
}
