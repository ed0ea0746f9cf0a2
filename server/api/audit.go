package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
)

// AuditFile, in the folder of an API, has a line of JSON for every request that may have changed something.
const AuditFile = "audit.jsonl"

// audit notes who changed what. A line that cannot be written is held, and told in the log; until it is written nothing
// else is changed, but by deletions, which make room, and what ends work: see relieving.
type audit struct {
	log *slog.Logger

	mu   sync.Mutex
	to   *os.File
	held [][]byte // the first first, and of that what is not yet written
}

// mostHeld is how many lines are held at most before what relieves is refused, too.
const mostHeld = 10_000

// longestPath is how much of a path is noted, in bytes.
const longestPath = 2000

// AuditLine is one request that may have changed something. Fields may be added, not renamed.
type AuditLine struct {
	Time      string      `json:"time" doc:"RFC 3339, UTC: when it was answered."`
	Caller    string      `json:"caller"`
	Role      access.Role `json:"role" enum:"viewer,submitter,operator,admin"`
	From      string      `json:"from" doc:"Address, or local."`
	Operation string      `json:"operation"`
	Path      string      `json:"path"`
	Status    int         `json:"status" doc:"Of the answer."`
	Request   string      `json:"request" doc:"Its X-Request-Id."`
}

func openAudit(folder string, log *slog.Logger) (*audit, error) {
	f, err := os.OpenFile(filepath.Join(folder, AuditFile), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	a := &audit{log: log, to: f}
	last := []byte{'\n'}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		if _, err := f.ReadAt(last, info.Size()-1); err != nil && !errors.Is(err, io.EOF) {
			f.Close()
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
	}
	if last[0] != '\n' { // the process was killed, or the disk full, in the middle of a line
		a.held = append(a.held, []byte{'\n'})
	}
	return a, nil
}

// note writes a line, or holds it. Of a viewer's operation, which is never refused, none is held behind others.
func (a *audit) note(ctx huma.Context, c access.Caller) {
	from := "local"
	if !c.Local {
		from = ctx.RemoteAddr()
	}
	u := ctx.URL()
	path := u.EscapedPath()
	line, err := json.Marshal(AuditLine{
		Time: time.Now().UTC().Format(time.RFC3339Nano), Caller: c.Name, Role: c.Role, From: from,
		Operation: ctx.Operation().OperationID, Path: path[:min(len(path), longestPath)], Status: ctx.Status(),
		Request: ctx.Header(requestIDHeader),
	})
	if err != nil {
		a.log.Error("a line of the audit log cannot be encoded; this is a bug in kaon", "path", path, "err", err)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if least, _ := ctx.Operation().Metadata["role"].(access.Role); least == access.Viewer {
		if err := a.flush(); err != nil {
			a.log.Warn("the audit log cannot be written, and lacks a line of a request that changed nothing of others",
				"err", err, "line", string(line))
			return
		}
	}
	a.held = append(a.held, append(line, '\n'))
	if err := a.flush(); err != nil {
		a.log.Error("the audit log cannot be written: until it can, changes are refused but for what ends or deletes",
			"err", err, "line", string(line))
	}
}

// flush writes what is held. Callers hold mu.
func (a *audit) flush() error {
	for len(a.held) > 0 {
		n, err := a.to.Write(a.held[0])
		a.held[0] = a.held[0][n:]
		if err != nil {
			return err
		}
		a.held = a.held[1:]
	}
	return nil
}

// refuses says why a request that may change something, and relieves or does not, is not to be taken now; nil: it is.
func (a *audit) refuses(relieves bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.held) == 0 {
		return nil
	}
	err := a.flush()
	if err == nil || relieves && len(a.held) < mostHeld {
		return nil
	}
	return fmt.Errorf("the audit log cannot be written, and nothing is changed that it does not say: %w; "+
		"make room where the server has its state: sweeps may be deleted, stopped and paused", err)
}

// Close writes what is held, and ends the log. What cannot be written is told in the log of the server alone.
func (a *audit) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.flush()
	if err != nil {
		err = fmt.Errorf("%d lines are missing in the audit log, and stand in the server's log: %w", len(a.held), err)
	}
	return errors.Join(err, a.to.Close())
}
