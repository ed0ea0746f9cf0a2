package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
)

type artifactsCmd struct {
	Trial   string `arg:"" help:"${trial}"`
	Get     string `placeholder:"NAME" help:"Get this file instead of listing all."`
	Output  string `short:"o" default:"-" placeholder:"FILE" help:"Where the file goes; - is standard output (${default})."`
	Attempt int    `placeholder:"N" help:"The attempt; the last one when left out."`
	JSON    bool   `help:"Print JSON."`
	liveFlags
}

// artifactRow is an artifact as `kaon artifacts --json` prints it.
type artifactRow struct {
	results.Artifact
	Object string `json:"object"` // its name in the bucket
	Kept   bool   `json:"kept"`   // false: removed by the sweep's policy, or by hand
}

func (c *artifactsCmd) Run(ctx context.Context, out *output) error {
	src, board, number, err := c.findTrial(ctx, c.Trial, out)
	if err != nil {
		return err
	}
	trial, ok := board.Trial(number)
	if !ok {
		return src.unstarted(board, number)
	}
	attempt, err := attemptOf(trial, c.Attempt)
	if err != nil {
		return err
	}
	var files []results.Artifact
	if attempt.End != nil {
		files = attempt.End.Files
	}
	prefix := attempt.End.Artifacts(src.id, trial.Trial, attempt.Attempt)
	if c.Get != "" {
		return c.fetch(ctx, out, src, files, prefix)
	}
	list, err := c.list(ctx, src, files, prefix)
	if err != nil {
		return unreachable(err)
	}
	if len(list) == 0 && !c.JSON {
		fmt.Fprintf(out.stderr, "kaon: %s left no artifacts\n", trialText(number))
	}
	return c.print(out.stdout, list)
}

// list is what the record names, and whether it is still there.
func (c *artifactsCmd) list(
	ctx context.Context, src source, files []results.Artifact, prefix string,
) ([]artifactRow, error) {
	there := map[string]bool{}
	for o, err := range src.bucket.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		there[o.Name] = true
	}
	list := make([]artifactRow, 0, len(files))
	for _, a := range files {
		list = append(list, artifactRow{a, prefix + a.Name, there[prefix+a.Name]})
	}
	return list, nil
}

func (c *artifactsCmd) print(w io.Writer, list []artifactRow) error {
	if c.JSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}
	var tab table
	for _, a := range list {
		kept := ""
		if !a.Kept {
			kept = "removed"
		}
		tab.row(a.Name, plural(int(a.Size), "byte"), "sha256 "+a.SHA256, kept)
	}
	return tab.print(w)
}

// fetch copies one file and compares its checksum; a file that is not right is not left behind.
func (c *artifactsCmd) fetch(
	ctx context.Context, out *output, src source, files []results.Artifact, prefix string,
) error {
	for _, a := range files {
		if a.Name != c.Get {
			continue
		}
		r, err := src.bucket.Get(ctx, prefix+a.Name)
		if errors.Is(err, bucket.ErrNotExist) {
			return usage(fmt.Errorf("artifact %s is no longer there: the sweep's artifacts.keep let it go, or "+
				"somebody removed it", a.Name))
		}
		if err != nil {
			return unreachable(err)
		}
		defer r.Close()
		checked := bucket.VerifySHA256(r, a.SHA256)
		if c.Output == "-" {
			w, end := out.raw(false)
			defer end()
			_, err = io.Copy(w, checked)
			return err
		}
		err = saveWhole(c.Output, checked)
		var where *os.PathError
		if errors.As(err, &where) { // it names a file that nobody asked for
			return usage(fmt.Errorf("write %s: %w", c.Output, where.Err))
		}
		return err
	}
	return usage(fmt.Errorf("there is no artifact %q of this attempt; kaon artifacts %s lists them", c.Get, c.Trial))
}

// saveWhole writes a file whole or not at all. What is there and is no file, such as a device or a pipe, is written to.
func saveWhole(name string, src io.Reader) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, src)
		return errors.Join(err, f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, src)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
