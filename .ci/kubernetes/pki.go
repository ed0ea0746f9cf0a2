package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tokens are who may ask the API server: name, user, groups. kaon itself is not among its masters.
func tokens(nodes int) [][3]string {
	all := [][3]string{
		{"admin", "admin", "system:masters"},
		{"controllers", "system:kube-controller-manager", ""},
		{"scheduler", "system:kube-scheduler", ""},
		{"kaon", "kaon", ""},
	}
	for n := 1; n <= nodes; n++ {
		all = append(all, [3]string{fmt.Sprintf("node%d", n), "system:node:" + nodeName(n), "system:nodes"})
	}
	return all
}

// credentials writes the authority, the API server's certificates, tokens and a kubeconfig for each.
func (w *world) credentials(nodes int) error {
	ca, caKey, err := w.certificate("ca", nil, nil,
		&x509.Certificate{Subject: pkix.Name{CommonName: "kaon-test"}, IsCA: true,
			BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	if err != nil {
		return err
	}
	if _, _, err := w.certificate("apiserver", ca, caKey,
		&x509.Certificate{Subject: pkix.Name{CommonName: "kube-apiserver"},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
			DNSNames:    []string{"localhost", "kubernetes.default.svc"},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err != nil {
		return err
	}
	if _, _, err := w.certificate("to-kubelets", ca, caKey, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "apiserver-to-kubelets", Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // of service accounts' tokens
	if err != nil {
		return err
	}
	if err := w.writeKey("accounts", key); err != nil {
		return err
	}
	var list strings.Builder
	for i, one := range tokens(nodes) {
		secret := rand.Text()
		fmt.Fprintf(&list, "%s,%s,%d,\"%s\"\n", secret, one[1], i+1, one[2])
		text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://127.0.0.1:%d", certificate-authority: %q}}]
users: [{name: test, user: {token: %s}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
current-context: test
`, w.ports.api, w.path("ca.crt"), secret)
		if err := os.WriteFile(w.kubeconfig(one[0]), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(w.path("tokens.csv"), []byte(list.String()), 0o600)
}

func (w *world) kubeconfig(name string) string { return w.path(name + ".kubeconfig") }

func (w *world) path(parts ...string) string {
	return filepath.Join(append([]string{w.folder}, parts...)...)
}

func (w *world) certificate(
	name string, parent *x509.Certificate, parentKey crypto.Signer, c *x509.Certificate,
) (*x509.Certificate, crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	w.serial++
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(w.serial), time.Now().Add(-time.Hour),
		time.Now().AddDate(1, 0, 0)
	if parent == nil {
		parent, parentKey = c, key
	} else {
		c.KeyUsage = x509.KeyUsageDigitalSignature
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), parentKey)
	if err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(w.path(name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		0o644); err != nil {
		return nil, nil, err
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	return made, key, w.writeKey(name, key)
}

func (w *world) writeKey(name string, key *ecdsa.PrivateKey) error {
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.path(name+".pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		0o644); err != nil {
		return err
	}
	return os.WriteFile(w.path(name+".key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}),
		0o600)
}
