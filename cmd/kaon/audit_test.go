package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
)

// The audit log of a server that was killed in between, as its user exports it; others than admins do not see it.
func TestAuditCommand(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	x, _ := p.serving()
	p.kaon("audit").ends(exitDone).says("nothing of that is in the audit log")
	var s api.Sweep
	p.kaon("submit", "quick.yaml", "--json").ends(exitDone).json(&s)
	p.kaon("watch", "-q", s.ID).ends(exitDone)
	x.signal(syscall.SIGKILL)
	x.wait()
	y, ready := p.serving("--listen", "127.0.0.1:0")
	secret := strings.TrimSpace(p.kaon("token", "create", "ann", "--role", "operator").ends(exitDone).stdout)
	p.kaon("rm", s.ID).ends(exitDone)
	p.kaon("audit").ends(exitDone).prints("TIME", "submit-sweep", "create-token", "delete-sweep", "/v1/sweeps/"+s.ID)
	out := p.kaon("audit", "--json", "--subject", s.ID, "--since", "all").ends(exitDone).stdout
	if !strings.Contains(out, `"operation":"delete-sweep"`) || strings.Count(out, "\n") != 1 {
		t.Errorf("of %s: %s", s.ID, out)
	}
	file := p.read("kaon-results/.state/serve/audit.jsonl")
	if all := p.kaon("audit", "--json", "--since", "all").ends(exitDone).stdout; all != file {
		t.Errorf("exported:\n%s\nthere is:\n%s", all, file)
	}
	p.kaon("audit", "--since", "9999-01-01T00:00:00Z", "--json").ends(exitDone)
	p.kaon("audit", "--since", "yesterday").ends(exitUsage).says("--since yesterday", "2026-11-30T00:00:00Z", "or all")
	ann := p
	ann.aws = []string{"KAON_SERVER=" + ready.Listen[0], "KAON_TOKEN=" + secret}
	ann.kaon("audit").ends(exitUsage).says("ann is operator, and this needs admin")
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	p.alone()
}
