package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// untilEnd reads something whole, or until ctx ends: what reads a terminal or a pipe that nobody writes to is left
// behind then.
func untilEnd(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		data []byte
		err  error
	}
	got := make(chan answer, 1)
	crash.Go(func() {
		data, err := read()
		got <- answer{data, err}
	})
	select {
	case a := <-got:
		return a.data, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readNamed reads a file, or with - standard input, of at most maxSpec bytes.
func readNamed(ctx context.Context, name string) ([]byte, error) {
	return untilEnd(ctx, func() ([]byte, error) {
		from := os.Stdin
		if name != "-" {
			f, err := os.Open(name)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			from = f
		}
		return io.ReadAll(io.LimitReader(from, maxSpec))
	})
}

// readHidden asks for a secret and reads a line of standard input, which a terminal does not show. The error tells why
// it has no end.
func readHidden(ctx context.Context, out *output, prompt string) (string, error) {
	fmt.Fprint(out.stderr, prompt)
	in := int(os.Stdin.Fd())
	shown, err := term.GetState(in)
	if err != nil { // it is no terminal
		line, err := untilEnd(ctx, func() ([]byte, error) { return bufio.NewReader(os.Stdin).ReadBytes('\n') })
		return string(line), err
	}
	line, err := untilEnd(ctx, func() ([]byte, error) { return term.ReadPassword(in) })
	if ctx.Err() != nil {
		_ = term.Restore(in, shown) // whoever left the reading behind left the terminal, too
	}
	fmt.Fprintln(out.stderr)
	return string(line), err
}
