package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/kaon-sweep/kaon/server/api"
)

// ErrAmbiguous is in errors of names that name no sweep, or several.
var ErrAmbiguous = errors.New("no one sweep has that name")

// Resolve finds a sweep by its id, the beginning of one, or a label; an empty text or @latest is the newest.
func (c *Client) Resolve(ctx context.Context, text string) (string, error) {
	if text != "" && text != "@latest" {
		if s, err := c.Sweep(ctx, text); err == nil {
			return s.ID, nil
		}
	}
	all, err := c.Sweeps(ctx, url.Values{"archived": {"true"}})
	if err != nil {
		return "", err
	}
	return Pick(all, text)
}

type nameError struct{ text string }

func (e *nameError) Error() string { return e.text }

func (e *nameError) Is(target error) bool { return target == ErrAmbiguous }

// Pick is the sweep that a text names among some, the newest first. Its errors are ErrAmbiguous.
func Pick(all []api.Sweep, text string) (string, error) {
	wrong := func(format string, args ...any) (string, error) { return "", &nameError{fmt.Sprintf(format, args...)} }
	if len(all) == 0 {
		return wrong("there is no sweep yet")
	}
	if text == "" || text == "@latest" {
		return all[0].ID, nil
	}
	var found []string
	for _, s := range all {
		if s.ID == text { // which may begin another's
			return s.ID, nil
		}
		if strings.HasPrefix(s.ID, text) {
			found = append(found, s.ID)
		}
	}
	if len(found) == 0 { // a label is of the newest that has it
		for _, s := range all {
			for _, label := range s.Labels {
				if label == text {
					return s.ID, nil
				}
			}
		}
		return wrong("no sweep has the id or label %q; kaon list shows those there are", text)
	}
	if len(found) > 1 {
		return wrong("%q begins the ids of %s: write more of it", text, strings.Join(found[:min(len(found), 5)], ", "))
	}
	return found[0], nil
}
