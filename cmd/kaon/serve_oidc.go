package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/oidc"
)

// oidcFlags say which issuer's people may ask a server, and for what.
type oidcFlags struct {
	Issuer   string   `name:"oidc-issuer" placeholder:"URL" help:"Answer those, too, who show a token of this OpenID Connect issuer."`
	Audience string   `name:"oidc-audience" placeholder:"NAME" help:"That its tokens must be made for: their claim aud."`
	Name     string   `name:"oidc-name" default:"sub" placeholder:"CLAIM" help:"Claim by which people are known and own their sweeps (${default})."`
	Groups   string   `name:"oidc-groups" default:"groups" placeholder:"CLAIM" help:"Claim with their groups; realm_access.roles leads into an object (${default})."`
	Roles    []string `name:"oidc-role" sep:"none" placeholder:"GROUP=ROLE" help:"What the members of a group may: viewer, submitter, operator or admin; may be repeated."`
	Queues   []string `name:"oidc-queue" sep:"none" placeholder:"GROUP=QUEUE" help:"Queue that the members of a group submit into; may be repeated. Given once, the others but operators submit into none."`
}

// people are who may ask by the flags; nil: nobody.
func (f *oidcFlags) people() (*access.People, error) {
	if f.Issuer == "" {
		if f.Audience != "" || len(f.Roles)+len(f.Queues) > 0 {
			return nil, errors.New("--oidc-audience, --oidc-role and --oidc-queue say what an issuer's people " +
				"may: name the issuer by --oidc-issuer")
		}
		return nil, nil
	}
	verifier, err := oidc.New(oidc.Config{Issuer: f.Issuer, Audience: f.Audience, Name: f.Name, Groups: f.Groups})
	if err != nil {
		return nil, fmt.Errorf("--oidc-issuer, --oidc-audience: %w", err)
	}
	if len(f.Roles) == 0 {
		return nil, errors.New("--oidc-issuer: nobody may anything yet: give groups their roles by --oidc-role " +
			"GROUP=ROLE")
	}
	p := &access.People{Verifier: verifier, Roles: map[string]access.Role{}, Queues: map[string][]string{}}
	for _, one := range f.Roles {
		group, role, err := groupOf("--oidc-role", one)
		if err != nil {
			return nil, err
		}
		if p.Roles[group], err = roleOf("--oidc-role", one, role); err != nil {
			return nil, err
		}
	}
	for _, one := range f.Queues {
		group, queue, err := groupOf("--oidc-queue", one)
		if err != nil {
			return nil, err
		}
		p.Queues[group] = append(p.Queues[group], queue)
	}
	return p, nil
}

// roleOf is the role that a flag names.
func roleOf(flag, text, role string) (access.Role, error) {
	if !slices.Contains(access.Roles(), access.Role(role)) {
		return "", fmt.Errorf("%s %s: %q is no role: want viewer, submitter, operator or admin", flag, text, role)
	}
	return access.Role(role), nil
}

// groupOf parts GROUP=VALUE at the last =, as names of groups may have some.
func groupOf(flag, text string) (group, value string, err error) {
	at := strings.LastIndex(text, "=")
	if at <= 0 || at == len(text)-1 {
		return "", "", fmt.Errorf("%s %q: want GROUP=VALUE", flag, text)
	}
	return text[:at], text[at+1:], nil
}
