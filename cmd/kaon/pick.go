package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// resolve finds a sweep by its id, the beginning of one, or a label; an empty text or @latest is the newest.
func resolve(ctx context.Context, from *client.Client, text string) (string, error) {
	if text != "" && text != "@latest" {
		if s, err := from.Sweep(ctx, text); err == nil {
			return s.ID, nil
		}
	}
	all, err := from.Sweeps(ctx, url.Values{})
	if err != nil {
		return "", answered(err)
	}
	id, err := pick(all, text)
	if err != nil {
		return "", usage(err)
	}
	return id, nil
}

// pick is the sweep that a text names among some, the newest first.
func pick(all []api.Sweep, text string) (string, error) {
	if len(all) == 0 {
		return "", errors.New("there is no sweep yet")
	}
	if text == "" || text == "@latest" {
		return all[0].ID, nil
	}
	var found []string
	for _, s := range all {
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
		return "", fmt.Errorf("no sweep has the id or label %q; kaon list shows those there are", text)
	}
	if len(found) > 1 {
		return "", fmt.Errorf("%q begins the ids of %s: write more of it", text, strings.Join(found[:min(len(found), 5)], ", "))
	}
	return found[0], nil
}
