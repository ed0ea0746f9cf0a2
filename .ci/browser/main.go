// Command browser looks at the dashboard as a person does: it runs a server with a real sweep in a folder of its own,
// opens the pages in Chromium, answers by clicks the questions that the pages are for, and looks for what is wrong on
// each, in light and dark, on a desk and on a phone. It exits 1 when something is. Without a Chromium it says so and
// ends well.
//
//	browser [-kaon FILE] [-digits FILE] [-trials N] [-pictures FOLDER] [-screens FOLDER] [-many N] [-draw] [-flows] [-changes]
//	        [-stored N]
//
// With -pictures it writes those of the documentation, with -screens all that it has seen. axe-core, fetched from npm,
// is asked on every page; where npm does not reach it, that is said. -many adds a sweep of so many trials, and measures
// pages of it. With -flows it looks at registered workflows alone, with -changes at lists of sweeps and what is done to
// them alone, with -stored at a sweep that is not run but written.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed checks.js
var checks string

type options struct {
	kaon, digits, pictures, screens string
	trials, many, stored            int
	draw, flows, changes            bool
}

func main() {
	var o options
	flag.StringVar(&o.kaon, "kaon", "bin/kaon", "the program")
	flag.StringVar(&o.digits, "digits", "bin/digits", "the example's training program")
	flag.IntVar(&o.trials, "trials", 120, "how many trials the sweep has")
	flag.StringVar(&o.pictures, "pictures", "", "folder for the documentation's pictures")
	flag.StringVar(&o.screens, "screens", "", "folder for pictures of all pages")
	flag.BoolVar(&o.draw, "draw", false, "draw the pictures alone")
	flag.BoolVar(&o.flows, "flows", false, "go to registered workflows alone")
	flag.BoolVar(&o.changes, "changes", false, "go to lists of sweeps, and what is done to them, alone")
	flag.IntVar(&o.many, "many", 0, "trials of a large sweep")
	flag.IntVar(&o.stored, "stored", 0, "measure answers and pages alone, of a sweep of so many trials that is "+
		"in the results")
	flag.Parse()
	found := findChrome()
	if found == "" {
		fmt.Println("did not run: the walk through the dashboard: there is no chromium; name one in KAON_CHROMIUM")
		if o.pictures != "" {
			os.Exit(1)
		}
		return
	}
	if err := run(o, found); err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

// place is a folder with a server of its own.
type place struct {
	folder, kaon string
}

func (p place) command(args ...string) *exec.Cmd {
	cmd := exec.Command(p.kaon, args...)
	cmd.Dir = p.folder
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+filepath.Join(p.folder, "run"), "HOME="+p.folder,
		"XDG_STATE_HOME="+filepath.Join(p.folder, "state"))
	cmd.Stderr = os.Stderr
	return cmd
}

// ask runs kaon and reads what it prints as JSON.
func (p place) ask(into any, args ...string) error {
	text, err := p.command(args...).Output()
	if err != nil {
		return fmt.Errorf("kaon %s: %w", strings.Join(args, " "), err)
	}
	return json.Unmarshal(text, into)
}

func run(o options, chromium string) (err error) {
	for _, file := range []*string{&o.kaon, &o.digits, &o.pictures, &o.screens} {
		if *file == "" {
			continue
		}
		if *file, err = filepath.Abs(*file); err != nil {
			return err
		}
	}
	folder, err := os.MkdirTemp("", "kaon-browser-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	p := place{folder, o.kaon}
	if err := errors.Join(os.Mkdir(filepath.Join(folder, "run"), 0o700),
		p.write("sweep.yaml", strings.NewReplacer("TRIALS", strconv.Itoa(o.trials), "DIGITS",
			o.digits).Replace(sweepFile)),
		p.write("trial.sh", trialScript), p.write("many.yaml",
			strings.ReplaceAll(manyFile, "TRIALS", strconv.Itoa(max(o.many, 1))))); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Minute)
	defer cancel()
	if o.stored > 0 {
		if err := p.store(ctx, o.stored); err != nil {
			return err
		}
	}
	server := p.command("serve", "--json")
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait()
	}()
	if err := json.NewDecoder(out).Decode(&struct{}{}); err != nil {
		return fmt.Errorf("the server says nothing: %w", err)
	}
	go io.Copy(io.Discard, out) // what else it says is for nobody
	w := &walk{options: o, place: p, page: &page{}}
	if w.chrome, err = startChrome(chromium, folder, w.hear); err != nil {
		return err
	}
	defer w.close()
	if !o.draw && o.stored == 0 {
		if w.axe, err = fetchAxe(ctx, folder); err != nil {
			fmt.Printf("did not run: axe-core on each page: %v\n", err)
		}
	}
	return w.all(ctx)
}

func (p place) write(name, text string) error {
	return os.WriteFile(filepath.Join(p.folder, name), []byte(text), 0o644)
}
