package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// Authority signs certificates for one test.
type Authority struct {
	Certificate *x509.Certificate

	t   testing.TB
	key *ecdsa.PrivateKey
}

// NewAuthority makes one of a name, good for an hour.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	root := &Authority{t: t}
	about := &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}
	root.Certificate, root.key = about, newKey(t) // signs itself
	return AuthorityOf(t, root.Issue(about))
}

// AuthorityOf signs by a certificate, which need not be an authority's.
func AuthorityOf(t testing.TB, c tls.Certificate) *Authority {
	return &Authority{Certificate: c.Leaf, t: t, key: c.PrivateKey.(*ecdsa.PrivateKey)}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Issue signs a certificate. What it does not say is so that it is good: now, for clients, and for a server at
// 127.0.0.1.
func (a *Authority) Issue(about *x509.Certificate) tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	if about == a.Certificate {
		key = a.key
	}
	one := *about
	var err error
	if one.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		a.t.Fatal(err)
	}
	if one.NotBefore.IsZero() {
		one.NotBefore = time.Now().Add(-time.Hour)
	}
	if one.NotAfter.IsZero() {
		one.NotAfter = time.Now().Add(time.Hour)
	}
	if one.ExtKeyUsage == nil && !one.IsCA {
		one.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
		one.IPAddresses = append(one.IPAddresses, net.IPv4(127, 0, 0, 1))
	}
	der, err := x509.CreateCertificate(rand.Reader, &one, a.Certificate, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// Pool believes an authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate)
	return pool
}

// PEM is a certificate and its key as files have them.
func PEM(t testing.TB, c tls.Certificate) (cert, key string) {
	t.Helper()
	for _, der := range c.Certificate {
		cert += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	secret, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return cert, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

// PEM is the authority's certificate as a file has it.
func (a *Authority) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate.Raw}))
}
