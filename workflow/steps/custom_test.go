package steps

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// A program that neither reads nor ends when it is asked to is ended all the same.
func TestCustomEndsWhatDoesNotListen(t *testing.T) {
	for name, script := range map[string]string{
		"prints in a loop":            `trap "" TERM; while :; do echo x; done`,
		"never reads":                 `sleep 600; :`,
		"leaves one that holds pipes": `setsid sleep 5 & sleep 600; :`,
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
			cancel(ErrStop)
			select {
			case err := <-ended:
				if !errors.Is(err, ErrStop) {
					t.Errorf("it ends with %v", err)
				}
			case <-time.After(4 * time.Second):
				t.Fatal("it does not end")
			}
		})
	}
}
