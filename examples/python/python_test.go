// Package python tests the Python helper with its own tests; the example sweep runs in those of cmd/kaon.
package python

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

func TestHelper(t *testing.T) {
	if _, err := exec.LookPath("python3"); errors.Is(err, exec.ErrNotFound) {
		if os.Getenv("KAON_TEST_STRICT") == "1" {
			t.Fatal("python3 is not installed")
		}
		t.Skip("needs python3")
	}
	cmd := exec.Command("python3", "-B", "-m", "unittest", "-v", "test_kaon")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
