// Command terminal draws what a program shows on a whole terminal, as a picture for the documentation:
//
//	terminal [-columns N] [-rows N] [-keys TEXT] -until TEXT -o FILE.svg COMMAND...
//
// It types the keys when the first line is there, and draws when the text of -until stands on the screen.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

func main() {
	columns, rows := flag.Uint("columns", 100, "of the terminal"), flag.Uint("rows", 30, "of the terminal")
	keys := flag.String("keys", "", "typed one by one, with \\r and the like")
	until := flag.String("until", "", "the text to wait for")
	file := flag.String("o", "", "the picture")
	flag.Parse()
	if err := draw(uint16(*columns), uint16(*rows), *keys, *until, *file, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "terminal:", err)
		os.Exit(1)
	}
}

const patience = 30 * time.Second

func draw(columns, rows uint16, keys, until, file string, args []string) error {
	if until == "" || file == "" || len(args) == 0 {
		return errors.New("give -until, -o and a command")
	}
	keys, err := strconv.Unquote(`"` + keys + `"`)
	if err != nil {
		return fmt.Errorf("-keys: %w", err)
	}
	program, person, err := testkit.OpenTerminal(columns, rows)
	if err != nil {
		return err
	}
	defer person.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := errors.Join(cmd.Start(), program.Close()); err != nil {
		return err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	screen := testkit.NewScreen(int(columns), int(rows))
	go func() { // ends with the terminal
		chunk := make([]byte, 4096)
		for {
			n, err := person.Read(chunk)
			_, _ = screen.Write(chunk[:n])
			if err != nil {
				return
			}
		}
	}()
	await := func(what string, happened func() bool) error {
		for end := time.Now().Add(patience); !happened(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				return fmt.Errorf("waited in vain for %s", what)
			}
		}
		return nil
	}
	if err := await("the first line", func() bool {
		other, _ := screen.Taken()
		return other && screen.Lines()[0] != ""
	}); err != nil {
		return err
	}
	for _, key := range keys {
		time.Sleep(500 * time.Millisecond) // as a person does
		if _, err := person.WriteString(string(key)); err != nil {
			return err
		}
	}
	if err := await(fmt.Sprintf("%q", until), func() bool { return screen.Has(until) }); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(screen.SVG()), 0o644)
}
