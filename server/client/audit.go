package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/kaon-sweep/kaon/server/api"
)

// Audit reads the lines of the server's audit log that a query of list-audit wants, the oldest first, and answers how
// many of them cannot be read. It ends with the first error of each.
func (c *Client) Audit(ctx context.Context, query url.Values, each func(api.AuditLine) error) (damaged int, err error) {
	next := url.Values{}
	for key, values := range query {
		next[key] = values
	}
	for {
		var page api.AuditPage
		if err := c.ask(ctx, http.MethodGet, "/audit", next, nil, &page); err != nil {
			return damaged, err
		}
		damaged += page.Damaged
		for _, line := range page.Items {
			if err := each(line); err != nil {
				return damaged, err
			}
		}
		if page.Next == "" {
			return damaged, nil
		}
		next.Set("cursor", page.Next)
	}
}
