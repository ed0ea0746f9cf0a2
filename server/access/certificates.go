package access

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Certificates are callers who show a certificate of an authority that is believed; what they may is by what stands in
// it.
type Certificates struct {
	Authorities func() *x509.CertPool // that are believed now
	Name        string                // kind of the attribute by which people are known: one of CertificateNames
	Roles       map[string]Role       // by attribute, as in OU=ml, or EveryCertificate; of several the greatest counts
	Queues      map[string][]string   // by attribute, that who has it submits into; empty: nobody is held to queues
}

// EveryCertificate stands for all certificates, where an attribute of some is named otherwise.
const EveryCertificate = "all"

// Kinds of what stands in a certificate: of its subject, and of its alternative names.
var (
	CertificateNames      = []string{"CN", "email", "DNS", "URI"}
	CertificateAttributes = append([]string{"O", "OU"}, CertificateNames...)
)

// Bounds of a certificate; what is beyond them is refused.
const (
	longestCertificateName    = 200 // bytes
	mostCertificateAttributes = 1000
)

var errCertificate = errors.New("the client certificate is not good")

// good says why the certificates of a connection are not, or not any more: they may have ended, or their authority may,
// since the connection began.
func (p *Certificates) good(shown []*x509.Certificate, now time.Time) error {
	between := x509.NewCertPool()
	for _, one := range shown[1:] {
		between.AddCert(one)
	}
	_, err := shown[0].Verify(x509.VerifyOptions{
		Roots: p.Authorities(), Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errCertificate, err)
	}
	return nil
}

// find is whose certificates are shown, which are good.
func (p *Certificates) find(shown []*x509.Certificate) (c Caller, err error) {
	has, n := attributesOf(shown[0])
	if n > mostCertificateAttributes {
		return c, fmt.Errorf("%w here: it has %d names, and at most %d are read",
			errUnnamed, n, mostCertificateAttributes)
	}
	if len(has[p.Name]) != 1 {
		return c, fmt.Errorf("%w: it has %d of %s, by which people are known here, and must have one",
			errUnnamed, len(has[p.Name]), p.Name)
	}
	name := has[p.Name][0]
	if name == "" || len(name) > longestCertificateName || name != strings.TrimSpace(name) ||
		strings.IndexFunc(name, unprintable) >= 0 {
		return c, fmt.Errorf("%w: its %s is empty, longer than %d bytes, or has characters that are not for print",
			errUnnamed, p.Name, longestCertificateName)
	}
	c = Caller{Name: name, until: shown[0].NotAfter, shown: shown}
	groups := []string{EveryCertificate}
	for _, kind := range CertificateAttributes {
		for _, value := range has[kind] {
			groups = append(groups, kind+"="+value)
		}
	}
	return granted(c, groups, p.Roles, p.Queues)
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }

var (
	commonName         = asn1.ObjectIdentifier{2, 5, 4, 3}
	organization       = asn1.ObjectIdentifier{2, 5, 4, 10}
	organizationalUnit = asn1.ObjectIdentifier{2, 5, 4, 11}
)

// attributesOf is what stands in a certificate, by kind, and how much in all. The subject is read as it was written:
// package x509 keeps one common name of several.
func attributesOf(cert *x509.Certificate) (has map[string][]string, n int) {
	has = map[string][]string{"email": cert.EmailAddresses, "DNS": cert.DNSNames}
	for _, one := range cert.Subject.Names {
		text, ok := one.Value.(string)
		switch {
		case !ok:
		case one.Type.Equal(commonName):
			has["CN"] = append(has["CN"], text)
		case one.Type.Equal(organization):
			has["O"] = append(has["O"], text)
		case one.Type.Equal(organizationalUnit):
			has["OU"] = append(has["OU"], text)
		}
	}
	for _, one := range cert.URIs {
		has["URI"] = append(has["URI"], one.String())
	}
	for _, list := range has {
		n += len(list)
	}
	return has, n
}
