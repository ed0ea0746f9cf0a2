package kubernetestest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/goccy/go-yaml"
)

// ReadManifests reads the objects of a file of YAML documents.
func ReadManifests(text []byte) (all []Object, err error) {
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var one any
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		plain, err := json.Marshal(one) // its numbers and keys become those of JSON
		if err != nil {
			return nil, err
		}
		var o Object
		if err := json.Unmarshal(plain, &o); err != nil {
			return nil, err
		}
		if o != nil {
			all = append(all, o)
		}
	}
}

// Apply makes the objects of manifests, as an administrator's kubectl does. Roles and their bindings hold from then on.
func (c *Cluster) Apply(manifests []byte) {
	c.t.Helper()
	all, err := ReadManifests(manifests)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, o := range all {
		i := slices.IndexFunc(Kinds, func(k *Kind) bool {
			return k.Kind == o.Text("kind") && k.APIVersion() == o.Text("apiVersion")
		})
		if i < 0 {
			c.t.Fatalf("there is no kind %s of %s", o.Text("kind"), o.Text("apiVersion"))
		}
		namespace := o.Namespace()
		if Kinds[i].Namespaced && namespace == "" {
			namespace = "default"
		}
		c.Create(Kinds[i].Resource, namespace, o)
	}
}

// ServiceAccountToken is a token of a service account, which may do what roles bound to it say.
func (c *Cluster) ServiceAccountToken(namespace, name string) string {
	c.t.Helper()
	if c.Get("serviceaccounts", namespace, name) == nil {
		c.t.Fatalf("there is no service account %s/%s", namespace, name)
	}
	token := "token-" + randomHex(8)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.accounts[token] = &account{user: "system:serviceaccount:" + namespace + ":" + name}
	return token
}
