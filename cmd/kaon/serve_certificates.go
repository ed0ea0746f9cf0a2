package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/server/access"
)

// certificateFlags say whose certificates are believed, and what those may who show one.
type certificateFlags struct {
	ClientCA       string   `name:"client-ca" placeholder:"FILE" help:"Answer those, too, who show a certificate of these authorities, PEM; read again when it changes."`
	ClientName     string   `name:"client-name" enum:"CN,email,DNS,URI" default:"CN" help:"By what of their certificate people are known and own their sweeps: CN, email, DNS or URI (${default})."`
	ClientRoles    []string `name:"client-role" sep:"none" placeholder:"ATTRIBUTE=ROLE" help:"What those may whose certificate has it, as in OU=ml=submitter, CN=ann=admin or all=viewer; may be repeated."`
	ClientQueues   []string `name:"client-queue" sep:"none" placeholder:"ATTRIBUTE=QUEUE" help:"Queue that they submit into; may be repeated. Given once, the others but operators submit into none."`
	ClientRequired bool     `name:"client-required" help:"Answer nobody at --listen who shows no such certificate, also not with a token."`

	pool *reread[*x509.CertPool]
}

// authorities are whose certificates are believed by the flags; nil: nobody's.
func (f *certificateFlags) authorities() (*access.Certificates, error) {
	if f.ClientCA == "" {
		if f.ClientRequired || len(f.ClientRoles)+len(f.ClientQueues) > 0 {
			return nil, errors.New("--client-required, --client-role and --client-queue are about certificates: " +
				"name their authority by --client-ca")
		}
		return nil, nil
	}
	if len(f.ClientRoles) == 0 && !f.ClientRequired {
		return nil, errors.New("--client-ca: nobody may anything yet: give roles by --client-role OU=ml=submitter " +
			"or all=viewer, " +
			"or have certificates needed beside tokens by --client-required")
	}
	p := &access.Certificates{Authorities: f.believed, Name: f.ClientName, Roles: map[string]access.Role{},
		Queues: map[string][]string{}}
	for _, one := range f.ClientRoles {
		attribute, role, err := attributeOf("--client-role", one)
		if err != nil {
			return nil, err
		}
		if p.Roles[attribute], err = roleOf("--client-role", one, role); err != nil {
			return nil, err
		}
	}
	for _, one := range f.ClientQueues {
		attribute, queue, err := attributeOf("--client-queue", one)
		if err != nil {
			return nil, err
		}
		p.Queues[attribute] = append(p.Queues[attribute], queue)
	}
	return p, nil
}

// believed are the authorities whose certificates are good now.
func (f *certificateFlags) believed() *x509.CertPool { return f.pool.get() }

// ask has listeners ask for certificates, and believe those of the authorities that there are then.
func (f *certificateFlags) ask(config *tls.Config) (err error) {
	if f.ClientCA == "" {
		return nil
	}
	if f.pool == nil {
		if f.pool, err = newReread(f.ClientCA, f.load); err != nil {
			return fmt.Errorf("--client-ca %s: %w", f.ClientCA, err)
		}
	}
	config.SessionTicketsDisabled = true // who resumes a session is not asked again
	config.ClientAuth = tls.VerifyClientCertIfGiven
	if f.ClientRequired {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	config.ClientCAs = f.believed()
	base := config.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now := base.Clone()
		now.ClientCAs = f.believed()
		return now, nil
	}
	return nil
}

func (f *certificateFlags) load() (*x509.CertPool, error) {
	text, err := os.ReadFile(f.ClientCA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("there is no certificate in it: want those of authorities, in PEM")
	}
	return pool, nil
}

// attributeOf parts ATTRIBUTE=VALUE at the last =, as an attribute has one itself.
func attributeOf(flag, text string) (attribute, value string, err error) {
	if attribute, value, err = groupOf(flag, text); err != nil {
		return "", "", fmt.Errorf("%s %q: want ATTRIBUTE=VALUE, as in OU=ml=submitter", flag, text)
	}
	kind, what, some := strings.Cut(attribute, "=")
	known := slices.IndexFunc(access.CertificateAttributes, func(one string) bool {
		return strings.EqualFold(one, kind)
	})
	switch {
	case attribute == access.EveryCertificate:
		return attribute, value, nil
	case known < 0 || !some || what == "":
		return "", "", fmt.Errorf("%s %q: want one of %s with what it is, as in OU=ml, or %s", flag, text,
			strings.Join(access.CertificateAttributes, ", "), access.EveryCertificate)
	}
	return access.CertificateAttributes[known] + "=" + what, value, nil
}

// onePersonOneName refuses two sources of names of which one lets people have a name that is another's in the other:
// who has the name of a sweep's owner may change it.
func (c *serveCmd) onePersonOneName() error {
	if c.oidcFlags.Name == "sub" || c.oidcFlags.Name == "email" && c.ClientName == "email" {
		return nil
	}
	return fmt.Errorf("--oidc-name %s with --client-ca: people of the issuer could have the name of somebody "+
		"with a certificate: "+
		"let it be sub, or email beside --client-name email", c.oidcFlags.Name)
}
