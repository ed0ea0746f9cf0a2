package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/kaon-sweep/kaon/server/accounting"
	"github.com/kaon-sweep/kaon/server/api"
)

// Queues are those of the server, and how they stand.
func (c *Client) Queues(ctx context.Context) (list api.Queues, err error) {
	return list, c.ask(ctx, http.MethodGet, "/queues", nil, nil, &list)
}

// SetQueue makes a queue, or changes what is given of one.
func (c *Client) SetQueue(ctx context.Context, q api.QueueChange) (now api.Queue, err error) {
	return now, c.ask(ctx, http.MethodPost, "/queues", nil, q, &now)
}

// RemoveQueue takes a queue away.
func (c *Client) RemoveQueue(ctx context.Context, name string) error {
	return c.ask(ctx, http.MethodDelete, "/queues/"+url.PathEscape(name), nil, nil, nil)
}

// Usage is what trials of all sweeps used since the day of a time, the zero time for all, by sweep, queue, user or day.
func (c *Client) Usage(ctx context.Context, by string, since time.Time) (u accounting.Usage, err error) {
	query := url.Values{"by": {by}}
	if !since.IsZero() {
		query.Set("since", since.UTC().Format(time.RFC3339))
	}
	return u, c.ask(ctx, http.MethodGet, "/usage", query, nil, &u)
}
