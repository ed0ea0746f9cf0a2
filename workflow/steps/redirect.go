package steps

import (
	"errors"
	"net/http"
	"net/url"
)

// redirecting follows redirects, and keeps what a step sends to its own address from other hosts: its headers and, in
// Referer, its address, which may be secret, are left out, and a body is not sent on.
var redirecting = &http.Client{CheckRedirect: func(r *http.Request, before []*http.Request) error {
	const most = 10
	if len(before) >= most {
		return failed("%s redirects more than %d times", before[0].URL.Redacted(), most)
	}
	away := false
	for _, one := range append(before[1:len(before):len(before)], r) { // who has left does not come back with them
		away = away || !within(before[0].URL, one.URL)
	}
	if !away {
		return nil
	}
	if r.Body != nil && r.Body != http.NoBody {
		return failed("%s redirects to %s, another host, which is not sent the body: write its address as url",
			before[0].URL.Redacted(), r.URL.Redacted())
	}
	clear(r.Header)
	return nil
}}

// within tells whether what is for one address may be sent to another: on the same host, and not less hidden on the
// way.
func within(from, to *url.URL) bool {
	return from.Host == to.Host && (from.Scheme == to.Scheme || to.Scheme == "https")
}

// unanswered says whose fault it is that a request got no answer.
func unanswered(err error) error {
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f
	}
	return lost(err)
}
