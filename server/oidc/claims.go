package oidc

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

const (
	longestName = 200 // bytes
	mostGroups  = 1000
)

// person reads who somebody is from the claims of a token that is good.
func (v *Verifier) person(claims map[string]any, expires time.Time) (Person, error) {
	name, ok := claimAt(claims, v.cfg.Name).(string)
	if !ok || name == "" {
		return Person{}, fmt.Errorf("the token has no text in its claim %s, by which people are known here", v.cfg.Name)
	}
	if len(name) > longestName || strings.IndexFunc(name, unprintable) >= 0 {
		return Person{}, fmt.Errorf("the token's claim %s is longer than %d bytes or has characters that are "+
			"not for print", v.cfg.Name, longestName)
	}
	if v.cfg.Name == "email" && claims["email_verified"] != true {
		return Person{}, fmt.Errorf("the issuer has not verified the address %s: email_verified is not true", name)
	}
	p := Person{Name: name, Expires: expires}
	switch groups := claimAt(claims, v.cfg.Groups).(type) {
	case string:
		p.Groups = strings.Fields(groups) // as scope has them
	case []any:
		if len(groups) > mostGroups {
			return Person{}, fmt.Errorf("the token's claim %s has %d groups: want at most %d", v.cfg.Groups,
				len(groups), mostGroups)
		}
		for _, one := range groups {
			if group, ok := one.(string); ok {
				p.Groups = append(p.Groups, group)
			}
		}
	}
	return p, nil
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }

// claimAt is the claim of a name, else what dots lead to: realm_access.roles. nil: there is none.
func claimAt(claims map[string]any, name string) any {
	if value, ok := claims[name]; ok {
		return value
	}
	first, rest, more := strings.Cut(name, ".")
	if !more {
		return nil
	}
	below, _ := claims[first].(map[string]any)
	return claimAt(below, rest)
}
