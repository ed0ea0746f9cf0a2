package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/ui"
	"github.com/kaon-sweep/kaon/sweep/importance"
)

type reportCmd struct {
	Sweep  string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	Output string `short:"o" default:"-" placeholder:"FILE" help:"File to write; - for standard output."`
	Format string `enum:"html,md,svg,png,pdf" default:"html" placeholder:"html|md|svg|png|pdf" help:"A page; Markdown with tables; the main pictures as SVG or PNG; or the page as PDF. The last two ask a Chromium of this machine, or the one that KAON_CHROMIUM names."`

	Partial bool `help:"Show the records that can be read, when some are damaged."`
	liveFlags
}

func (c *reportCmd) Help() string {
	return "The page needs no server and no network: open it, mail it, commit it. It has every trial of a small " +
		"sweep; of a large one " +
		"the best trials and an even part of the others, so that it stays below 5 MB."
}

// largestReport is how many bytes a page has at most; one that people mail.
const largestReport = 5_000_000

// reportTrials is how many trials a page begins with; it has fewer when they take too much room.
const reportTrials = 30_000

// reportTimes is at how many times a report says how many trials were in each state.
const reportTimes = 240

// reportDigits is how many digits numbers have in pictures.
const reportDigits = 6

func (c *reportCmd) Run(ctx context.Context, out *output) error {
	if c.Output == "-" && c.Format != "md" && onTerminal(out.stdout) {
		return usage(errors.New("a report is a page for a browser, or a picture: give --output FILE, or > FILE"))
	}
	src, err := c.open(ctx, out, c.Sweep)
	if err != nil {
		return err
	}
	page, err := src.report(ctx, out, c.Partial, c.Format)
	if err != nil {
		return err
	}
	if c.Output != "-" {
		if err := os.WriteFile(c.Output, page, 0o666); err != nil {
			return usage(fmt.Errorf("write report: %w", err))
		}
		return nil
	}
	w, end := out.raw(false)
	defer end()
	_, err = w.Write(page)
	return err
}

// report is the report of a sweep in a format.
func (s source) report(ctx context.Context, out *output, partial bool, format string) ([]byte, error) {
	all, err := s.board(ctx, out)
	if err == nil {
		err = all.whole(s.id, partial)
	}
	if err != nil {
		return nil, err
	}
	spec, err := bucket.ReadObject(ctx, s.bucket, results.ObjectName(s.id, results.SpecFile), 1<<20)
	if err != nil {
		fmt.Fprintf(out.stderr, "kaon: warning: the report is without the spec: %v\n", err)
	}
	span := export.Span{Most: reportTimes}
	span.Of(all.known.Created, all.known.Finished, all.Board)
	series := export.NewSeries(all.Board, span)
	page := ui.Report{
		Version: versionString(), Made: time.Now().UTC().Format(time.RFC3339),
		Sweep: api.StoredSweep(all.known, all.Summary()),
		Board: all.Summary(), Curves: export.Curves(all.Board, 60), Failures: export.GroupFailures(all.Board),
		Importance: s.importance(ctx, all.known, all.Board), Series: &series, Spec: string(spec),
	}
	parsed, err := s.spec(ctx, all.known, false)
	if err != nil {
		parsed = nil // values are then in the order of their names
	}
	for most := reportTrials; ; most /= 2 {
		page.Columns = export.NewColumns(all.Board)
		page.Columns.Round(reportDigits)
		if parsed != nil {
			page.Columns.Order(parsed.Space)
		}
		wanted := export.Sample(all.Board, most)
		page.Columns.Sampled = len(wanted) < page.Columns.Total
		for _, i := range wanted {
			if t, known := all.Trial(i); known {
				page.Columns.Add(t)
			}
		}
		var text bytes.Buffer
		switch format {
		case "md":
			err = page.WriteMarkdown(&text)
		case "svg", "png":
			err = page.WriteSVG(&text)
		default:
			err = page.Write(&text, s.id+" · kaon")
		}
		if err != nil {
			return nil, err
		}
		if format == "png" || format == "pdf" {
			return drawn(ctx, text.Bytes(), format)
		}
		if text.Len() <= largestReport || most < 100 {
			return text.Bytes(), nil
		}
	}
}

// importance is what the objective depends on; nil where that cannot be said.
func (s source) importance(ctx context.Context, known store.Sweep, b *board.Board) *importance.Report {
	spec, err := s.spec(ctx, known, false)
	if err != nil || spec.Objective.Name == "" {
		return nil
	}
	report := importance.Explain(spec.Space, spec.Objective.Goal, evidence(b))
	return &report
}

// evidence is the trials that importance is learnt from: those that ended with a value, or were stopped with one.
func evidence(b *board.Board) (trials []importance.Trial) {
	for t := range b.Trials(board.Query{States: api.LearntStates}) {
		if one, ok := api.Learnt(t); ok {
			trials = append(trials, one)
		}
	}
	return trials
}
