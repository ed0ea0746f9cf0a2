package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
)

type auditInput struct {
	Since   string `query:"since" maxLength:"40" doc:"RFC 3339: only from then on. Absent: all."`
	Subject string `query:"subject" maxLength:"300" doc:"Only what this caller did, or was done to this id."`
	Limit   int    `query:"limit" default:"1000" minimum:"1" maximum:"10000" doc:"At most so many on a page."`
	Cursor  string `query:"cursor" maxLength:"200" doc:"Where the page begins, as the one before said."`
}

// AuditPage is part of the audit log, the oldest first.
type AuditPage struct {
	Items   []AuditLine `json:"items"`
	Damaged int         `json:"damaged,omitempty" doc:"Lines of this part that cannot be read."`
	Next    string      `json:"next,omitempty" doc:"The cursor of the next page; absent: this is the last."`
}

func (a *API) declareAudit() {
	list := operation(access.Admin, http.MethodGet, "/audit", "list-audit", "Who changed what, and when")
	huma.Register(a.huma, list,
		func(ctx context.Context, in *auditInput) (*body[AuditPage], error) {
			return answer(a.audited(ctx, in))
		})
}

// longestLine is more than a line of the log has, in bytes.
const longestLine = 64 << 10

// lookedThrough is how much of the log is read for one page, in bytes.
const lookedThrough = 32 << 20

func (a *API) audited(ctx context.Context, in *auditInput) (page AuditPage, err error) {
	page.Items = []AuditLine{}
	var since time.Time
	if in.Since != "" {
		if since, err = time.Parse(time.RFC3339Nano, in.Since); err != nil {
			text := fmt.Sprintf("since %q is no time: want one as 2026-11-30T00:00:00Z", in.Since)
			return page, huma.Error422UnprocessableEntity(text)
		}
	}
	at, err := Paging{Cursor: in.Cursor}.index()
	if err != nil {
		return page, err
	}
	done, err := a.alone(ctx)
	if err != nil {
		return page, err
	}
	defer done()
	f, err := os.Open(filepath.Join(a.cfg.Folder, AuditFile))
	if err != nil {
		return page, err
	}
	defer f.Close()
	if _, err := f.Seek(int64(at), io.SeekStart); err != nil {
		return page, err
	}
	in.lines(bufio.NewReaderSize(io.LimitReader(f, lookedThrough), longestLine), int64(at), since.UTC(), &page)
	return page, ctx.Err()
}

// lines fills a page from a place of the log on.
func (in *auditInput) lines(from *bufio.Reader, at int64, since time.Time, page *AuditPage) {
	begin := at
	early := since.Format(`{"time":"2006-01-02T15:04:05`) // as lines begin; those before it are not decoded
	for len(page.Items) < in.Limit {
		text, err := from.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) { // no line of ours is that long
			at, page.Damaged = at+int64(len(text)), page.Damaged+1
			continue
		}
		if err != nil { // what has no end is being written
			if at+int64(len(text)) < begin+lookedThrough {
				return
			}
			break
		}
		at += int64(len(text))
		switch {
		case !since.IsZero() && len(text) > len(early) && string(text[:len(early)]) < early:
			continue
		case plainID(in.Subject) && !bytes.Contains(text, []byte(in.Subject)) && !bytes.Contains(text, []byte("%")):
			continue // a path with a percent sign may have it in other letters
		}
		var line AuditLine
		if json.Unmarshal(text, &line) != nil {
			if len(bytes.TrimSpace(text)) > 0 {
				page.Damaged++
			}
			continue
		}
		when, err := time.Parse(time.RFC3339Nano, line.Time)
		if (err != nil || !when.Before(since)) && in.meant(line) {
			page.Items = append(page.Items, line)
		}
	}
	page.Next = cursorAt(int(at))
}

// meant tells whether a line is of the subject.
func (in *auditInput) meant(line AuditLine) bool {
	if in.Subject == "" || line.Caller == in.Subject {
		return true
	}
	return slices.ContainsFunc(strings.Split(line.Path, "/"), func(part string) bool {
		plain, err := url.PathUnescape(part)
		return err == nil && plain == in.Subject
	})
}
