// Package oidctest is an OpenID Connect issuer on loopback for tests: discovery, keys that rotate, and tokens with any
// claims.
package oidctest
