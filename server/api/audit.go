package api

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
)

// AuditFile, in the folder of an API, has a line of JSON for every request that may have changed something.
const AuditFile = "audit.jsonl"

// audit notes who changed what.
type audit struct {
	mu sync.Mutex
	to *os.File
}

// auditLine is one line of the log. Fields may be added, not renamed.
type auditLine struct {
	Time      string      `json:"time"` // RFC 3339, UTC
	Caller    string      `json:"caller"`
	Role      access.Role `json:"role"`
	From      string      `json:"from"` // address, or local
	Operation string      `json:"operation"`
	Path      string      `json:"path"`
	Status    int         `json:"status"`
	Request   string      `json:"request"`
}

func openAudit(folder string) (*audit, error) {
	f, err := os.OpenFile(filepath.Join(folder, AuditFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	return &audit{to: f}, nil
}

// note writes a line. What is written whole is whole in the file.
func (a *audit) note(ctx huma.Context, c access.Caller) {
	if a == nil {
		return
	}
	from := "local"
	if !c.Local {
		from = ctx.RemoteAddr()
	}
	u := ctx.URL()
	line, err := json.Marshal(auditLine{
		Time: time.Now().UTC().Format(time.RFC3339Nano), Caller: c.Name, Role: c.Role, From: from,
		Operation: ctx.Operation().OperationID, Path: u.EscapedPath(), Status: ctx.Status(), Request: ctx.Header(requestIDHeader),
	})
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _ = a.to.Write(append(line, '\n')) // a full disk must not stop the service
}

// Close ends the log.
func (a *audit) Close() error { return a.to.Close() }
