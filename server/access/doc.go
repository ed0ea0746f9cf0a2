// Package access says who asks a server, and what they may.
//
// Nouns: a Caller has a name, a Role and queues. They are known, in this order, by their connection (this
// process's own user, on its socket), by a token of this server or of an OpenID Connect issuer (Tokens, People),
// by a browser's session where no token is shown, by a certificate (Certificates). A Guard knows them by all of
// these, and bounds how often and how much at once each may ask. A Refusal is why they may not.
//
// What is asked for is not known here: server/api names the least role of each operation, asks Check, and says
// what a Refusal looks like on the wire (server/mcp asks by server/api). Nothing here is answered from a cache
// but certificates, for a second (see Watch): a token that is revoked ends its sessions and streams, too.
//
// Methods may be called from any goroutine. Tokens keep themselves, by package durable; sessions end with the
// process.
package access
