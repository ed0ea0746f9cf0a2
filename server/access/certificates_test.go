package access

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/url"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// What stands in a certificate is parted by its kind.
func TestAttributesOfACertificate(t *testing.T) {
	ca := testkit.NewAuthority(t, "people")
	at, err := url.Parse("spiffe://example.org/ns/ml/sa/trainer")
	if err != nil {
		t.Fatal(err)
	}
	has, n := attributesOf(ca.Issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "a=b", Organization: []string{"x", "y"}},
		URIs:    []*url.URL{at}, DNSNames: []string{"node7"},
	}).Leaf)
	if n != 5 || has["CN"][0] != "a=b" || strings.Join(has["O"], " ") != "x y" || has["URI"][0] != at.String() ||
		has["DNS"][0] != "node7" || has["OU"] != nil {
		t.Errorf("%d: %v", n, has)
	}
}
