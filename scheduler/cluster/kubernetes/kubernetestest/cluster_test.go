package kubernetestest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

func configMap(name, more string) string {
	return fmt.Sprintf(`{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":%q%s}}`, name, more)
}

const configMaps = "/api/v1/namespaces/default/configmaps"

func TestObjects(t *testing.T) {
	c := New(t, Options{})
	k := newClient(t, c, AdminToken)
	first := k.do(201, "POST", configMaps, configMap("a", `,"labels":{"x":"1"}`))
	if o := k.do(409, "POST", configMaps, configMap("a", "")); o.Text("reason") != "AlreadyExists" {
		t.Error(o)
	}
	if o := k.do(201, "POST", configMaps, configMap("", `,"generateName":"g-"`)); !strings.HasPrefix(o.Name(), "g-") || len(o.Name()) != 7 {
		t.Error(o.Name())
	}
	k.do(404, "POST", "/api/v1/namespaces/none/configmaps", configMap("a", ""))
	k.do(422, "POST", configMaps, configMap("A_b", ""))
	k.do(422, "POST", configMaps, configMap("b", `,"labels":{"x":"not a value"}`))
	k.do(400, "POST", configMaps, `{"metadata":{"name":"b"}}`)
	k.do(404, "GET", configMaps+"/none", "")

	changed := k.do(200, "PATCH", configMaps+"/a", `{"metadata":{"labels":{"y":"2","x":null}},"data":{"k":"v"}}`)
	if l := changed.Labels(); len(l) != 1 || l["y"] != "2" || changed.Text("data", "k") != "v" {
		t.Error(changed)
	}
	if again := k.do(200, "PATCH", configMaps+"/a", `{"data":{"k":"v"}}`); again.Version() != changed.Version() {
		t.Error("a change of nothing is a new version")
	}
	k.do(409, "PATCH", configMaps+"/a", `{"metadata":{"resourceVersion":"`+first.Version()+`"},"data":{"k":"w"}}`)
	k.do(409, "DELETE", configMaps+"/a", `{"preconditions":{"uid":"another"}}`)
	k.do(200, "PATCH", configMaps+"/a", `[{"op":"test","path":"/data/k","value":"v"},{"op":"add","path":"/metadata/finalizers","value":["a.b/c"]}]`)
	k.do(422, "PATCH", configMaps+"/a", `[{"op":"test","path":"/data/k","value":"w"}]`)
	k.do(400, "PUT", configMaps+"/a", "")

	if o := k.do(200, "DELETE", configMaps+"/a", ""); !o.Deleting() {
		t.Error("the finalizer does not hold it")
	}
	k.do(422, "PATCH", configMaps+"/a", `{"metadata":{"finalizers":["a.b/c","a.b/d"]}}`)
	k.do(200, "PATCH", configMaps+"/a", `{"metadata":{"finalizers":null}}`)
	k.do(404, "GET", configMaps+"/a", "")

	secret := k.do(201, "POST", "/api/v1/namespaces/default/secrets", `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"},"stringData":{"k":"v"}}`)
	if secret.Text("data", "k") != base64.StdEncoding.EncodeToString([]byte("v")) {
		t.Error(secret)
	}
	k.do(400, "POST", "/api/v1/namespaces/default/secrets", `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"t"},"data":{"k":"%"}}`)
	owned := k.do(201, "POST", configMaps, configMap("owner", ""))
	k.do(201, "POST", configMaps, configMap("owned", `,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"`+owned.UID()+`"}]`))
	k.do(200, "DELETE", configMaps+"/owner", "")
	k.do(404, "GET", configMaps+"/owned", "")
}

func TestListsAndWatches(t *testing.T) {
	c := New(t, Options{BookmarkGap: 20 * time.Millisecond})
	k := newClient(t, c, AdminToken)
	for i := range 5 {
		k.do(201, "POST", configMaps, configMap(fmt.Sprintf("m%d", i), fmt.Sprintf(`,"labels":{"n":"%d"}`, i)))
	}
	one := k.do(200, "GET", configMaps+"?limit=2", "")
	two := k.do(200, "GET", configMaps+"?limit=2&continue="+one.Text("metadata", "continue"), "")
	if len(items(one.Get("items"))) != 2 || two.Text("items", "0", "metadata", "name") != "m2" || one.Version() != two.Version() {
		t.Error(one, two)
	}
	if o := k.do(200, "GET", configMaps+"?labelSelector=n+in+(1,3),n!=3", ""); len(items(o.Get("items"))) != 1 {
		t.Error(o)
	}
	if o := k.do(200, "GET", configMaps+"?fieldSelector=metadata.name%3Dm4", ""); len(items(o.Get("items"))) != 1 {
		t.Error(o)
	}
	k.do(400, "GET", configMaps+"?fieldSelector=spec.nodeName%3Dx", "")

	events := k.events(configMaps + "?watch=1&allowWatchBookmarks=true&labelSelector=n%3D1&resourceVersion=" + one.Version())
	k.do(200, "PATCH", configMaps+"/m1", `{"data":{"a":"b"}}`)
	k.do(200, "PATCH", configMaps+"/m2", `{"metadata":{"labels":{"n":"1"}}}`)
	k.do(200, "PATCH", configMaps+"/m1", `{"metadata":{"labels":{"n":"9"}}}`)
	k.do(200, "DELETE", configMaps+"/m2", "")
	var said []string
	for e := range events {
		if e.Text("type") == "BOOKMARK" && len(said) < 4 {
			continue
		}
		if said = append(said, e.Text("type")+" "+e.Text("object", "metadata", "name")); len(said) == 5 {
			break
		}
	}
	if got := strings.Join(said, ", "); got != "MODIFIED m1, ADDED m2, DELETED m1, DELETED m2, BOOKMARK " {
		t.Error(got)
	}
	c.EndWatches()
	for range events { // it ends
	}
	c.Compact()
	k.do(410, "GET", configMaps+"?limit=2&continue="+two.Text("metadata", "continue"), "")
	old := <-k.events(configMaps + "?watch=1&resourceVersion=" + one.Version())
	if code, _ := number(old, "object", "code"); old.Text("type") != "ERROR" || code != 410 {
		t.Error(old)
	}
	fresh := k.do(200, "GET", configMaps, "")
	if _, more := <-k.events(configMaps + "?watch=1&timeoutSeconds=1&resourceVersion=" + fresh.Version()); more {
		t.Error("more than nothing happened")
	}
}

func TestFaults(t *testing.T) {
	c := New(t, Options{})
	k := newClient(t, c, AdminToken)
	creates := func(q Request) bool { return q.Verb == "create" }
	c.Inject(&Fault{Match: creates, Times: 1, Status: Throttled(2 * time.Second)})
	r, err := k.open("POST", configMaps, "application/json", configMap("a", ""))
	if err != nil || r.StatusCode != 429 || r.Header.Get("Retry-After") != "2" {
		t.Fatal(r, err)
	}
	_ = r.Body.Close()
	done := &Fault{Match: creates, Times: 1, Cut: true, Applied: true}
	c.Inject(done)
	if code, _ := k.text("POST", configMaps, "application/json", configMap("a", "")); code != 0 || c.Hits(done) != 1 {
		t.Errorf("%d, %d hits", code, c.Hits(done))
	}
	k.do(409, "POST", configMaps, configMap("a", ""))
	remove := c.Inject(&Fault{Status: Unavailable()})
	k.do(503, "GET", configMaps, "")
	remove()

	version := k.do(200, "GET", configMaps+"/a", "").Version()
	events := k.events(configMaps + "?watch=1&resourceVersion=" + version)
	url := c.URL()
	c.Down()
	for range events { // it ends
	}
	if code, _ := k.text("GET", configMaps, "", ""); code != 0 {
		t.Error("it answers")
	}
	c.Up()
	if c.URL() != url || k.do(200, "GET", configMaps+"/a", "").Version() != version {
		t.Error("it is another one")
	}
}

func TestAccess(t *testing.T) {
	c := New(t, Options{})
	c.Grant("t", "somebody", Rule{Namespace: "default", Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"configmaps", "pods/log"}})
	k := newClient(t, c, "t")
	k.do(404, "GET", configMaps+"/a", "")
	for _, path := range []string{configMaps, "/api/v1/namespaces/kube-system/configmaps/a", "/api/v1/configmaps", pods + "/a", "/api/v1/nodes"} {
		if o := k.do(403, "GET", path, ""); !strings.Contains(o.Text("message"), `User "somebody" cannot`) {
			t.Error(o)
		}
	}
	review := `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{"namespace":"default","verb":"get","resource":%q}}}`
	for resource, allowed := range map[string]bool{"configmaps": true, "secrets": false} {
		o := k.do(201, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", fmt.Sprintf(review, resource))
		if o.Get("status", "allowed") != allowed {
			t.Error(o)
		}
	}
	if code, _ := newClient(t, c, "unknown").text("GET", configMaps, "", ""); code != http.StatusUnauthorized {
		t.Error(code)
	}
	if asked := c.Requests(); asked[0].User != "somebody" || asked[0].Verb != "get" || asked[0].Code != 404 {
		t.Errorf("%+v", asked[0])
	}
}

func TestAppliedRolesHold(t *testing.T) {
	c := New(t, Options{})
	c.Apply([]byte(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: default}]
`))
	k := newClient(t, c, c.ServiceAccountToken("default", "reader"))
	k.do(200, "GET", pods, "")
	k.do(403, "GET", "/api/v1/pods", "")
	k.do(403, "POST", pods, script("p", "true"))
	k.do(403, "GET", pods+"/p/log", "")
}

// A body without end, a frame without a mask and a name that leaves its folder get a refusal, and the next caller an answer.
func TestAttackOnTheServer(t *testing.T) {
	c, _, k := shell(t)
	k.do(413, "POST", configMaps, `{"x":"`+strings.Repeat("x", bodyLimit)+`"}`)
	k.do(422, "POST", pods, strings.Replace(script("../../x", "true"), `\`, "", -1))
	k.do(201, "POST", configMaps, `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"up"},"data":{"k":"v"}}`)
	k.do(201, "POST", pods, script("p", "true", "", `,"volumes":[{"name":"v","configMap":{"name":"up","items":[{"key":"k","path":"../../../../x"}]}}]`))
	testkit.Await(t, "the refusal", func() bool {
		for _, e := range c.List("events", "default") {
			if e.Text("reason") == "FailedMount" && strings.Contains(e.Text("message"), "leaves it") {
				return true
			}
		}
		return false
	})
	k.do(201, "POST", pods, script("q", "sleep 100", "", "", `,"stdin":true`))
	awaitPod(t, c, "q", "the pod to run", inPhase("Running"))
	r := k.attach(pods+"/q/attach?stdin=1&stdout=1", "v5.channel.k8s.io")
	if _, err := r.out.Write([]byte{0x82, 0x01, 0}); err != nil {
		t.Fatal(err)
	}
	for ok := true; ok; { // it ends
		_, _, ok = r.receive()
	}
	k.do(200, "GET", pods, "")
}
