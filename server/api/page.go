package api

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// A cursor says where a page begins. Callers keep it as it is: what it holds may change.
const cursorBegin = "at:"

func cursorAt(index int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorBegin + strconv.Itoa(index)))
}

// from is the index that a page begins at.
func (p Paging) from() (int, error) {
	at, err := p.index()
	return min(at, mostOffset), err
}

// index is likewise, and may be beyond the end of every list.
func (p Paging) index() (int, error) {
	if p.Cursor == "" {
		return p.Offset, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	at, ok := strings.CutPrefix(string(text), cursorBegin)
	index, wrong := strconv.Atoi(at)
	if err != nil || !ok || wrong != nil || index < 0 {
		return 0, huma.Error422UnprocessableEntity(fmt.Sprintf("cursor %q is none that this server gave: leave "+
			"it out for the first page", p.Cursor))
	}
	return index, nil
}

// mostOffset is beyond the end of every list, and may be added to.
const mostOffset = 1 << 30

// Page is part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Total int    `json:"total" doc:"How many there are in all pages."`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent: this is the last."`
}

// Paging says which part of a list is wanted.
type Paging struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"10000" doc:"At most so many on a page."`
	Offset int    `query:"offset" minimum:"0" doc:"How many to leave out at the beginning, where there is no cursor."`
	Cursor string `query:"cursor" doc:"Where the page begins, as the one before said." maxLength:"200"`
}

// pageOf is the part of a list that a page shows.
func pageOf[T any](list []T, in Paging) (Page[T], error) {
	from, err := in.from()
	if err != nil {
		return Page[T]{}, err
	}
	from = min(from, len(list))
	to := min(from+in.Limit, len(list))
	page := Page[T]{Items: append([]T{}, list[from:to]...), Total: len(list)}
	if to < len(list) {
		page.Next = cursorAt(to)
	}
	return page, nil
}
