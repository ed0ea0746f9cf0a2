package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

func (t *tools) addTrials(s *sdk.Server) {
	add(s, t, "trials", "List trials", "Lists trials of a sweep with parameters and metrics: filtered "+
		"by an expression, sorted, a few at a time.", reads, trials)
	add(s, t, "trial", "One trial", "All that matters of one trial: parameters, metrics, each attempt with how "+
		"it ended and the last lines of its standard error, files.", reads, oneTrial)
	add(s, t, "logs", "Last lines of a trial", "The last lines that a trial wrote, also while it runs.", reads, logs)
}

type trialsArgs struct {
	sweepArgs
	State  []string `json:"state,omitempty" jsonschema:"only in these: waiting, launched, running, succeeded, failed, stopped, cached"`
	Filter string   `json:"filter,omitempty" jsonschema:"an expression, as in params.lr < 0.01 && metrics.loss < 2; it knows trial, state, value, attempts, seconds, params, metrics"`
	Sort   string   `json:"sort,omitempty" jsonschema:"trial, value (best first), seconds, attempts, or a metric's name; value when absent"`
	Desc   bool     `json:"desc,omitempty" jsonschema:"the other way round"`
	Limit  int      `json:"limit,omitempty" jsonschema:"10 when absent, at most 100"`
	Cursor string   `json:"cursor,omitempty" jsonschema:"where the page begins, as the answer before said in next"`
}

// row is a trial in a list.
type row struct {
	Trial   int                       `json:"trial"`
	State   string                    `json:"state"`
	Value   *results.Number           `json:"value,omitempty"`
	Params  json.RawMessage           `json:"params,omitempty"`
	Metrics map[string]results.Number `json:"metrics,omitempty"`
	Percent *float64                  `json:"percent,omitempty"`
	Reason  string                    `json:"reason,omitempty"`
}

func trials(ctx context.Context, to *client.Client, in trialsArgs) (any, error) {
	s, err := found(ctx, to, in.Sweep)
	if err != nil {
		return nil, err
	}
	limit := atMost(in.Limit, 10, 100)
	query := url.Values{"limit": {strconv.Itoa(limit)}, "sort": {"value"}}
	if len(in.State) > 0 {
		query.Set("state", strings.Join(in.State, ","))
	}
	for key, value := range map[string]string{"filter": in.Filter, "sort": in.Sort, "cursor": in.Cursor} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if in.Desc {
		query.Set("desc", "true")
	}
	page, err := to.TrialPage(ctx, s.ID, query)
	if err != nil {
		return nil, err
	}
	out := struct {
		Sweep  string `json:"sweep"`
		Metric string `json:"metric,omitempty"`
		Trials []row  `json:"trials"`
		Total  int    `json:"total"`
		Next   string `json:"next,omitempty"`
		Left   string `json:"left_out,omitempty"`
	}{Sweep: s.ID, Metric: s.Metric, Trials: []row{}, Total: page.Total, Next: page.Next}
	size := 0
	for i, t := range page.Items {
		r := rowOf(t)
		if size += len(r.Params) + 40*len(r.Metrics) + len(r.Reason) + 80; size > largestAnswer/2 {
			out.Next, out.Left = "", fmt.Sprintf("%d of the %d that were asked for: they are long; ask with a "+
				"limit of %d", len(page.Items)-i, len(page.Items), max(i, 1))
			return out, nil
		}
		out.Trials = append(out.Trials, r)
	}
	if page.Next != "" {
		out.Left = "more trials; give next as cursor, or narrow with filter or state"
	}
	return out, nil
}

// mostMetrics is how many metrics of a trial an answer has.
const mostMetrics = 20

func rowOf(t api.Trial) row {
	r := row{Trial: t.Trial.Trial, State: t.State.String(), Value: t.Value, Params: shortJSON(t.Params, largestParams),
		Percent: t.Percent, Reason: short(t.Reason, longest)}
	for i, m := range t.Metrics {
		if i == mostMetrics {
			break
		}
		if r.Metrics == nil {
			r.Metrics = map[string]results.Number{}
		}
		r.Metrics[short(m.Name, 100)] = m.Value
	}
	if end := t.Decisive(); end != nil && end.End != nil && r.Reason == "" {
		r.Reason = short(end.End.Reason, longest)
	}
	return r
}

type trialArgs struct {
	sweepArgs
	Trial int `json:"trial" jsonschema:"its number; -1 is the step that follows the trials"`
}

type attempt struct {
	Attempt int      `json:"attempt"`
	State   string   `json:"state,omitempty"`
	Exit    *int     `json:"exit,omitempty"`
	Signal  int      `json:"signal,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Host    string   `json:"host,omitempty"`
	Seconds float64  `json:"seconds,omitempty"`
	Stderr  []string `json:"stderr,omitempty"`
	Files   []string `json:"files,omitempty"`
	Left    string   `json:"left_out,omitempty"`
}

func oneTrial(ctx context.Context, to *client.Client, in trialArgs) (any, error) {
	const mostAttempts, mostLines = 3, 10
	id, err := to.Resolve(ctx, in.Sweep)
	if err != nil {
		return nil, err
	}
	t, err := to.Trial(ctx, id, in.Trial)
	if err != nil {
		return nil, err
	}
	out := struct {
		Sweep string `json:"sweep"`
		row
		Host     string    `json:"host,omitempty"`
		Seed     uint64    `json:"seed,omitempty"`
		Feasible *bool     `json:"feasible,omitempty"`
		Attempts []attempt `json:"attempts"`
		Left     string    `json:"left_out,omitempty"`
	}{Sweep: id, row: rowOf(t), Host: t.Host, Seed: t.Seed, Feasible: t.Feasible, Attempts: []attempt{}}
	tries := t.Attempts
	if more := len(tries) - mostAttempts; more > 0 {
		out.Left, tries = fmt.Sprintf("%d earlier attempts; kaon trial %s/%d shows them", more, id, in.Trial),
			tries[more:]
	}
	for _, try := range tries {
		a := attempt{Attempt: try.Attempt}
		if end := try.End; end != nil {
			exit := end.Exit
			a.State, a.Exit, a.Signal, a.Reason, a.Host = string(end.State), &exit, end.Signal,
				short(end.Reason, longest), end.Agent
			if end.StartMs > 0 {
				a.Seconds = float64(end.EndMs-end.StartMs) / 1000
			}
			for _, line := range end.Stderr[max(len(end.Stderr)-mostLines, 0):] {
				a.Stderr = append(a.Stderr, short(line, longest))
			}
			for i, f := range end.Files {
				if i == mostFiles {
					a.Left = fmt.Sprintf("%d more files", len(end.Files)-i)
					break
				}
				a.Files = append(a.Files, short(f.Name, longest))
			}
		}
		out.Attempts = append(out.Attempts, a)
	}
	return out, nil
}

type logsArgs struct {
	trialArgs
	Attempt int    `json:"attempt,omitempty" jsonschema:"its number; the last when absent"`
	Stream  string `json:"stream,omitempty" jsonschema:"stdout, when absent, or stderr"`
	Lines   int    `json:"lines,omitempty" jsonschema:"how many of the last lines, 40 when absent, at most 400"`
}

// Bounds of reading a log for its end.
const (
	largestTail = 8 << 10 // bytes that an answer has
	logPatience = 30 * time.Second
)

func logs(ctx context.Context, to *client.Client, in logsArgs) (any, error) {
	id, err := to.Resolve(ctx, in.Sweep)
	if err != nil {
		return nil, err
	}
	stream := in.Stream
	if stream == "" {
		stream = "stdout"
	}
	ctx, cancel := context.WithTimeout(ctx, logPatience)
	defer cancel()
	from, err := to.Logs(ctx, id, in.Trial, in.Attempt, stream, 0, false)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	end, size, err := tailOf(from)
	if err != nil {
		return nil, fmt.Errorf("read the %s of trial %d: %w", stream, in.Trial, err)
	}
	lines := strings.SplitAfter(end, "\n")
	if len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	text := strings.Join(lines[max(len(lines)-atMost(in.Lines, 40, 400), 0):], "")
	out := struct {
		Sweep  string `json:"sweep"`
		Trial  int    `json:"trial"`
		Stream string `json:"stream"`
		Text   string `json:"text"`
		Left   string `json:"left_out,omitempty"`
	}{Sweep: id, Trial: in.Trial, Stream: stream, Text: strings.ToValidUTF8(text, "\uFFFD")}
	if more := size - int64(len(text)); more > 0 {
		out.Left = fmt.Sprintf("%d bytes before; raise lines, or kaon logs %s/%d prints all", more, id, in.Trial)
	}
	return out, nil
}

// tailOf is the end of what is read, and how much there was.
func tailOf(from io.Reader) (end string, size int64, err error) {
	var kept []byte
	part := make([]byte, 64<<10)
	for {
		n, err := from.Read(part)
		size += int64(n)
		kept = append(kept, part[:n]...)
		if len(kept) > largestTail {
			kept = append(kept[:0], kept[len(kept)-largestTail:]...)
		}
		if err == io.EOF {
			return string(kept), size, nil
		}
		if err != nil {
			return "", size, err
		}
	}
}
