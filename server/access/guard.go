package access

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Config is how callers are known, and how often they may ask.
type Config struct {
	Tokens *Tokens // nil: of those without an issuer's token only callers of this machine's socket are known
	People *People // nil: no issuer's tokens are good
	// Certificates has callers known by what listeners have them show; nil: nobody is.
	Certificates *Certificates
	Rate         float64          // of requests a second by each caller with a token; 0: Rate, negative: no bound
	Now          func() time.Time // by which browsers' sessions end; nil: time.Now
}

// Guard knows who asks. Its methods may be called from any goroutine.
type Guard struct {
	bearers  bearers
	sessions *sessions
	rates    *rates
	atOnce   atOnce
}

// New makes a guard, which knows no browser yet.
func New(cfg Config) *Guard {
	b := bearers{cfg.Tokens, cfg.People, cfg.Certificates}
	g := &Guard{bearers: b, sessions: newSessions(b), rates: newRates(cfg.Rate)}
	if cfg.Now != nil {
		g.sessions.now = cfg.Now
	}
	return g
}

// errNothingShown is told to who shows neither token nor certificate: of another authority than the server names,
// clients show none.
var errNothingShown = errors.New("a token is needed, or a certificate of an authority that the server believes: " +
	"`kaon token create` on its machine makes a token, and `kaon login` keeps either")

// Identify is who asks: by the connection, else by the token in a request's Authorization, else by the connection's
// certificate, which must be good in any case. The zero Caller is nobody known; the error, for Check, says what is
// wrong with a token of an issuer or with the certificate.
func (g *Guard) Identify(ctx context.Context, authorization string) (Caller, error) {
	shown, _ := ctx.Value(shownKey{}).([]*x509.Certificate)
	if shown != nil && g.bearers.certificates != nil {
		if err := g.bearers.certificates.good(shown, time.Now()); err != nil {
			return Caller{}, err
		}
	}
	caller := Of(ctx)
	secret, given := strings.CutPrefix(authorization, "Bearer ")
	switch {
	case caller.Name != "":
		return caller, nil
	case given:
		return g.bearers.find(ctx, secret)
	case g.bearers.certificates == nil:
		return caller, nil
	case shown == nil:
		return caller, errNothingShown
	}
	return g.bearers.holder(shown)
}

// Check refuses a caller what needs a role; an empty one is everybody's. Unknown is what Identify said of them.
func Check(c Caller, least Role, unknown error) *Refusal {
	switch {
	case least == "":
	case errors.Is(unknown, errNoRole), errors.Is(unknown, errTaken), errors.Is(unknown, errUnnamed):
		return &Refusal{Why: unknown.Error()}
	case unknown != nil:
		return &Refusal{Unknown: true, Why: unknown.Error()}
	case c.Name == "":
		return &Refusal{
			Unknown: true,
			Why: "a token is needed: `kaon token create` on the server's machine makes one, " +
				"and `kaon login` keeps it",
		}
	case !c.Role.May(least):
		return &Refusal{Why: fmt.Sprintf("%s is %s, and this needs %s", c.Name, c.Role, least)}
	}
	return nil
}

// Delay is how long a caller has to wait before their next request is answered, and counts it where that is now: 0. Who
// is not known is told apart by the address, with or without a port, that they ask from.
func (g *Guard) Delay(c Caller, address string) time.Duration {
	if c.Local {
		return 0
	}
	who := "caller " + c.Name
	if c.Name == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			host = address
		}
		who = "address " + host
	}
	return g.rates.wait(who, time.Now())
}

// Enter counts a request as at work until leave is called; an endless one may wait for what is yet to happen. Full says
// why it is not answered now; leave is nil then. Callers of this machine's socket, and those who are not known, have no
// bound.
func (g *Guard) Enter(c Caller, endless bool) (leave func(), full string) {
	if c.Name == "" || c.Local {
		return func() {}, ""
	}
	return g.atOnce.enter(c.Name, endless)
}
