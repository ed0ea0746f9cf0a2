package oidc

import (
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// An issuer is asked again for its keys whenever a token names one that is not known, and anybody can make such tokens.
const (
	askEvery    = time.Second
	askAtOnce   = 5
	largestJSON = 1 << 20 // bytes of an answer
)

var errAskedOften = errors.New("the issuer was asked for its keys just now and too often: try again in a second")

// guard keeps callers from having the issuer asked without bounds.
type guard struct {
	next  http.RoundTripper
	often *rate.Limiter
}

func newGuard(next http.RoundTripper) *guard {
	return &guard{next, rate.NewLimiter(rate.Every(askEvery), askAtOnce)}
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if !g.often.Allow() {
		return nil, errAskedOften
	}
	rs, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	rs.Body = bounded{io.LimitReader(rs.Body, largestJSON), rs.Body}
	return rs, nil
}

type bounded struct {
	io.Reader
	io.Closer
}
