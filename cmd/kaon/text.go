package main

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

func percent(p *float64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", *p)
}

// trialText is a trial as people are told of it.
func trialText(trial int) string { return format.Trial(trial) }

// plural is a number of things: "1 trial", "2,000 trials".
func plural(n int, thing string) string { return format.Plural(n, thing) }

// trialLabel is a trial as tables have it, and as parseTrial reads it.
func trialLabel(trial int) string {
	if trial == results.ThenTrial {
		return "then"
	}
	return strconv.Itoa(trial)
}

// formatValue is a number for people: whole ones as they are, others to six digits. --json has all of them.
func formatValue(v float64) string { return format.Value(v) }

// escaped is a text on one line: what does not print stands there as JSON writes it.
func escaped(text string) string {
	if !strings.ContainsAny(text, "\n\t") {
		return clean(text)
	}
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(clean(text))
}

// longestText is how much is shown of what people may want whole, such as a command; a value in it may have megabytes.
const longestText = 10_000

// bounded is a text of one line or more that is not shown whole when it is that long.
func bounded(text string) string {
	if len(text) <= longestText {
		return text
	}
	return screen.Truncate(text, longestText, "…") + " (" + plural(len(text), "byte") + "; --json has all)"
}

func oneLine(err error) string { return format.OneLine(err) }

// usualResults is where results are when nothing says otherwise.
const usualResults = "kaon-results"

// goOn is the command that goes on with a sweep, by where it has its results and its state and where it runs. Results
// are named where the environment would have the command look elsewhere.
func goOn(command, id, place, state, cluster string) string {
	command = "kaon " + command + " " + id
	server := os.Getenv("KAON_SERVER")
	asked := cmp.Or(os.Getenv("KAON_RESULTS"), usualResults)
	if place != usualResults || asked != usualResults || server != "" && server != noServer {
		command += " --results " + shell.Quote(place)
	}
	if state != "" {
		command += " --state " + shell.Quote(state)
	}
	if cluster != "" && cluster != localCluster {
		command += " --cluster " + shell.Quote(mesos.Redact(cluster))
	}
	return command
}

// goOnAt is the command that goes on with a sweep of a server.
func goOnAt(command, id, server string) string {
	return "kaon " + command + " " + id + " --server " + shell.Quote(server)
}

func timeText(ms int64) string { return time.UnixMilli(ms).Format(time.DateTime) }

func oneLineText(text string) string { return strings.Join(strings.Fields(text), " ") }
