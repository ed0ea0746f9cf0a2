package kubernetes

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// certificateOf makes a certificate of a name, and its key, as PEM.
func certificateOf(t *testing.T, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// A program may give certificates: when they are renewed, connections of before are not asked through any more. It is told of the
// cluster if it is to be, and requests are made as whom the kubeconfig names.
func TestCertificatesOfPrograms(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	var header http.Header
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		name := r.TLS.PeerCertificates[0].Subject.CommonName
		asked, header = append(asked, r.Proto+" "+name), r.Header.Clone()
		if name == "old" && len(asked) > 2 {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		return file
	}
	give := func(name string) {
		cert, key := certificateOf(t, name)
		text, err := json.Marshal(map[string]any{"status": map[string]any{"clientCertificateData": cert, "clientKeyData": key}})
		if err != nil {
			t.Fatal(err)
		}
		write("given.json", string(text))
	}
	write("plugin", "#!/bin/sh\necho \"$KUBERNETES_EXEC_INFO\" > '"+dir+"/info.json'\ncat '"+dir+"/given.json'\n")
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	config := write("config", fmt.Sprintf(`
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: c, user: groups}}]
clusters:
- name: c
  cluster:
    server: %s
    certificate-authority-data: %s
    extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x}}]
users:
- name: u
  user:
    exec: {command: ./plugin, provideClusterInfo: true}
    as: ann
    as-uid: "7"
    as-groups: [team, all]
    as-user-extra: {Example.com/scope: [view]}
- {name: groups, user: {token: t, as-groups: [team]}}
`, server.URL, base64.StdEncoding.EncodeToString(roots)))
	a, err := FindAccount(config, "")
	if err != nil {
		t.Fatal(err)
	}
	api, err := NewAPI(a)
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	call := func() {
		t.Helper()
		if err := api.call(t.Context(), http.MethodGet, "/x", nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	give("old")
	call()
	call()
	give("new")
	call() // refused, and asked again as the new one
	if want := []string{"HTTP/2.0 old", "HTTP/2.0 old", "HTTP/2.0 old", "HTTP/2.0 new"}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked as %q", asked)
	}
	for name, want := range map[string][]string{
		"Impersonate-User": {"ann"}, "Impersonate-Uid": {"7"}, "Impersonate-Group": {"team", "all"},
		"Impersonate-Extra-Example.com%2fscope": {"view"}, "Authorization": nil,
	} {
		if got := header[http.CanonicalHeaderKey(name)]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %q, want %q in %v", name, got, want, header)
		}
	}
	var info struct {
		Spec struct {
			Cluster struct {
				Server string
				CA     string `json:"certificate-authority-data"`
				Config struct{ Audience string }
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "info.json"))
	if err == nil {
		err = json.Unmarshal(text, &info)
	}
	if c := info.Spec.Cluster; err != nil || c.Server != server.URL || c.CA != base64.StdEncoding.EncodeToString(roots) || c.Config.Audience != "x" {
		t.Errorf("the program was told %s, %v", text, err)
	}
	write("given.json", `{"status": {"clientCertificateData": "no"}}`)
	if _, err := a.bearer(t.Context(), true); err == nil || !strings.Contains(err.Error(), "read the certificate that it gave") {
		t.Errorf("a certificate that is none: %v", err)
	}
	write("given.json", `{"status": {}}`)
	if _, err := a.bearer(t.Context(), true); err == nil || !strings.Contains(err.Error(), "no token and no certificate") {
		t.Errorf("nothing: %v", err)
	}
	if _, err := FindAccount(config, "b"); err == nil || !strings.Contains(err.Error(), "no `as`") {
		t.Errorf("groups of nobody: %v", err)
	}
}
