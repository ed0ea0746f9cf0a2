package main

import (
	"os"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A coding agent's program starts kaon itself: it is told how to start a server, and then uses it.
func TestMCP(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	file := p.write("quick.yaml", quickSpec)
	cmd := p.command("mcp", "--max-trials", "5", "--allow-write")
	s, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	call := func(name string, arguments any) (string, bool) {
		t.Helper()
		rs, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
		if err != nil {
			t.Fatal(err)
		}
		return rs.Content[0].(*mcp.TextContent).Text, rs.IsError
	}
	type object = map[string]any
	if text, failed := call("list", nil); !failed || !strings.Contains(text, "start one with `kaon serve`") {
		t.Errorf("without a server: %s", text)
	}
	x, _ := p.serving()
	if text, failed := call("submit", object{"file": file, "labels": []string{"mine"}}); failed {
		t.Errorf("submit: %s", text)
	}
	if text, failed := call("watch", object{"sweep": "mine", "until_end": true, "seconds": 300}); failed || !strings.Contains(text, `"state":"succeeded"`) {
		t.Errorf("watch: %s", text)
	}
	if text, failed := call("logs", object{"sweep": "mine", "trial": 1}); failed || !strings.Contains(text, `hello\nloss=1\n`) {
		t.Errorf("logs: %s", text)
	}
	if text, failed := call("submit", object{"file": file, "set": []string{"parameters.x={min: 1, max: 50}"}}); !failed || !strings.Contains(text, "the budget is 5") {
		t.Errorf("beyond the budget: %s", text)
	}
	if text, failed := call("validate", object{"file": "-"}); !failed || !strings.Contains(text, "standard input") {
		t.Errorf("standard input: %s", text)
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	p.kaon("mcp", "--read-only", "--allow-write").ends(exitUsage)
	p.kaon("mcp", "--max-hours=-1").ends(exitUsage)
	p.fed("", "mcp").ends(exitDone)
}
