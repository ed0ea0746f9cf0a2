package steps

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// notify tells people, or a program of theirs.
type notify struct{}

func (notify) About() Description {
	return Description{Name: "notify", Text: "Says something where the run is watched, and posts it to a URL.",
		Light: true, Keys: []Key{
			{Name: "message", Kind: "text", Needed: true, Text: "what is said"},
			{Name: "url", Kind: "text", Text: "where {\"text\", \"run\", \"step\"} is posted as JSON, as " +
				"chat services take it"},
		}}
}

func (notify) Run(ctx context.Context, c *Call) (Result, error) {
	message, err := c.text("message")
	if err != nil {
		return Result{}, err
	}
	url, err := c.text("url")
	if err != nil {
		return Result{}, err
	}
	c.Progress(Progress{Text: message})
	if url == "" {
		return Result{}, nil
	}
	body, err := json.Marshal(map[string]string{"text": message, "run": c.Run, "step": c.Key})
	if err != nil {
		return Result{}, wrong("%w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		return Result{}, wrong("url: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", c.ID)
	answer, err := redirecting.Do(r)
	if err != nil {
		return Result{}, unanswered(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return Result{}, failed("%s answers %s", r.URL.Redacted(), answer.Status)
	}
	return Result{}, nil
}
