package workflows

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/workflow/steps"
)

// What the steps of a stranger may do in this process, by what they are given when they begin.
func TestAttackStepsOfStrangers(t *testing.T) {
	within, outside := t.TempDir(), t.TempDir()
	for _, file := range []string{filepath.Join(within, "own"), filepath.Join(outside, "secret")} {
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"link": filepath.Join(outside, "secret"), "folder": outside, "up": "../"} {
		if err := os.Symlink(to, filepath.Join(within, name)); err != nil {
			t.Fatal(err)
		}
	}
	f := foreign{within}
	call := func(keys map[string]any) *steps.Call {
		return &steps.Call{File: filepath.Join(within, "flow.yaml"), Keys: keys}
	}
	about := func(name string) steps.Description {
		kind, ok := steps.Named(name)
		if !ok {
			t.Fatalf("there is no type %s", name)
		}
		return kind.About()
	}
	for _, c := range []struct {
		kind string
		keys map[string]any
		may  bool
	}{
		{"command", nil, true}, {"docker", map[string]any{"image": "x"}, true}, {"wait", map[string]any{"for": "1s"}, true},
		{"wait", map[string]any{"approval": []any{"true"}}, true}, {"notify", map[string]any{"message": "x"}, true},
		{"sweep", map[string]any{"file": "own"}, true}, {"workflow", map[string]any{"file": "own"}, true}, {"wait", map[string]any{"file": "not-yet"}, true},

		{"custom", map[string]any{"program": []any{"true"}}, false}, {"http", map[string]any{"url": "x"}, false},
		{"wait", map[string]any{"url": "x"}, false}, {"notify", map[string]any{"message": "x", "url": "x"}, false},
		{"sweep", map[string]any{"file": "../secret"}, false}, {"sweep", map[string]any{"file": filepath.Join(outside, "secret")}, false},
		{"sweep", map[string]any{"file": "link"}, false}, {"workflow", map[string]any{"file": "folder/secret"}, false},
		{"workflow", map[string]any{"file": "up/secret"}, false}, {"wait", map[string]any{"file": "s3://bucket/key"}, false},
		{"wait", map[string]any{"file": "/etc/passwd"}, false},
	} {
		if err := f.admit(call(c.keys), about(c.kind)); (err == nil) != c.may {
			t.Errorf("%s %v: %v", c.kind, c.keys, err)
		}
	}
	secrets := call(nil)
	secrets.Secrets = []string{"TOKEN"}
	if err := f.admit(secrets, about("command")); err == nil {
		t.Error("a step has a secret of the server's environment")
	}
	// A type that is new and runs in this process is refused until it is looked at.
	if err := f.admit(call(nil), steps.Description{Name: "new", Light: true}); err == nil {
		t.Error("a type that nobody knows runs in this process")
	}
	read := beside(within, filepath.Join(within, "sub", "sweep.yaml"))
	for _, name := range []string{"../link", "../folder/secret", "../../secret", "/etc/passwd", "../up/x"} {
		if _, err := read(name); err == nil {
			t.Errorf("a spec reads %s", name)
		}
	}
	if text, err := read("../own"); err != nil || string(text) != "x" {
		t.Errorf("%q, %v", text, err)
	}
}
