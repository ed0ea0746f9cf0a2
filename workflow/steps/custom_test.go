package steps

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// A program that neither reads nor ends when it is asked to is ended all the same.
func TestCustomEndsWhatDoesNotListen(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	for name, script := range map[string]string{
		"prints in a loop":            `trap "" TERM; while :; do echo x; done`,
		"never reads":                 `sleep 600; :`,
		"leaves one that holds pipes": `setsid sleep 60 & echo $! > ` + pid + `; sleep 600; :`,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			c := &Call{ID: "run-n1-a1", File: "/tmp/flow.yaml", Progress: func(Progress) {}, Keys: map[string]any{
				"program": []any{"sh", "-c", script},
			}, Inputs: map[string]any{"text": strings.Repeat("x", 1<<20)}}
			ended := make(chan error, 1)
			go func() {
				_, err := custom{grace: 100 * time.Millisecond}.Run(ctx, c)
				ended <- err
			}()
			time.Sleep(100 * time.Millisecond)
			if strings.Contains(script, pid) {
				left := 0
				testkit.Await(t, "the one that is left", func() bool {
					text, _ := os.ReadFile(pid) // not there yet
					left, _ = strconv.Atoi(strings.TrimSpace(string(text)))
					return left > 0
				})
				defer func() { _ = syscall.Kill(left, syscall.SIGKILL) }()
			}
			cancel(ErrStop)
			select {
			case err := <-ended:
				if !errors.Is(err, ErrStop) {
					t.Errorf("it ends with %v", err)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("it does not end")
			}
		})
	}
}
