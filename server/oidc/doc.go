// Package oidc tells who holds an OpenID Connect token: a signed JWT of an issuer that an operator trusts. It fetches
// the issuer's discovery document and keys when the first token comes, and again when keys change.
package oidc
