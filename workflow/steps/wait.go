package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/open"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// wait waits for a time, a file, an object, an answer, a person, a signal, or the end of another run or a sweep.
type wait struct{}

func (wait) About() Description {
	return Description{Name: "wait", Light: true,
		Text: "Waits for one of: a time, a file, an object in S3, an answer, an approval, a signal, a run, a sweep.",
		Keys: []Key{
			{Name: "for", Kind: "duration", Text: "so long, counted from when the step began, also over interruptions"},
			{Name: "until", Kind: "text", Text: "a time, as 2027-01-31T12:00:00Z"},
			{Name: "file", Kind: "text", Text: "until there is such a file, or s3://bucket/key"},
			{Name: "url", Kind: "text", Text: "until a GET is answered with 200 to 299"},
			{Name: "approval", Kind: "list", Text: "until one of these users has approved it; true: anybody"},
			{Name: "signal", Kind: "text",
				Text: "until somebody sends a signal of this name; what comes with it is put out"},
			{Name: "run", Kind: "text",
				Text: "until a run has ended, by its id, or by its workflow's name the newest; puts out run, status"},
			{Name: "sweep", Kind: "text", Text: "until the sweep of this id has ended; puts out sweep and status"},
			{Name: "states", Kind: "list",
				Text: "those that are a success: succeeded, failed, canceled (a run), stopped (a sweep); " +
					"succeeded when left out"},
			{Name: "every", Kind: "duration",
				Text: "how often a file, a URL, a run or a sweep is looked for; 1s when left out"},
		}}
}

// waitKeys are what a step waits for.
var waitKeys = []string{"for", "until", "file", "url", "approval", "signal", "run", "sweep"}

// endStates are the states in which a run ends, or a sweep.
var endStates = []string{"succeeded", "failed", "canceled", "stopped"}

// Check implements Checker.
func (wait) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	checkWhat(keys, fail)
	for key, check := range map[string]func(text string) (problem, remedy string){
		"for": checkDuration, "every": checkDuration, "until": checkTime, "file": checkFile,
		"signal": func(name string) (string, string) {
			if err := CheckSignal(name); err != nil {
				return fmt.Sprintf("%.60q is no name of a signal", name),
					"use letters, digits and _ . : - behind a letter"
			}
			return "", ""
		},
	} {
		t := keys.Get(key)
		if t == nil || t.Null || template(t.Text) {
			continue
		}
		if t.List || t.Mapping {
			fail(t, key, "one value is needed, and no list or mapping", "kaon workflow types wait says what it is")
			continue
		}
		if problem, remedy := check(t.Text); problem != "" {
			fail(t, key, problem, remedy)
		}
	}
	if t := keys.Get("states"); t != nil && t.List {
		for _, one := range t.Items {
			if !template(one.Text) && !slices.Contains(endStates, one.Text) {
				fail(one, "states", fmt.Sprintf("`%.60s` is no state in which a run or a sweep ends", one.Text),
					"they are "+strings.Join(endStates, ", "))
			}
		}
	}
}

// checkWhat says whether a step waits for one thing.
func checkWhat(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	var found []string
	for _, key := range waitKeys {
		if t := keys.Get(key); t != nil && !t.Null {
			found = append(found, key)
		}
	}
	if len(found) != 1 {
		fail(keys, "",
			fmt.Sprintf("a wait step has one of %s, not %d of them", strings.Join(waitKeys, ", "), len(found)),
			"keep one, and have a step of its own wait for each other")
	}
	about := func(key string, of ...string) {
		if t := keys.Get(key); t != nil && len(found) == 1 && !slices.Contains(of, found[0]) {
			fail(t, key, fmt.Sprintf("`%s` has no meaning beside `%s`", key, found[0]), "remove it")
		}
	}
	about("states", "run", "sweep")
	about("every", "file", "url", "run", "sweep")
}

func checkDuration(text string) (problem, remedy string) {
	c := Call{Keys: map[string]any{"": text}}
	if _, err := c.duration("", 0); err != nil {
		return fmt.Sprintf("`%.60s` is no duration", text), "write 90s, 2h30m or a number of seconds"
	}
	return "", ""
}

func checkTime(text string) (problem, remedy string) {
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return fmt.Sprintf("`%.60s` is no time", text), "write it as 2027-01-31T12:00:00Z, or with an offset, as +02:00"
	}
	return "", ""
}

func checkFile(name string) (problem, remedy string) {
	rest, object := strings.CutPrefix(name, "s3://")
	_, key, _ := strings.Cut(rest, "/")
	switch {
	case strings.TrimSpace(name) == "":
		return "it is empty, and must not be", "name a file, or s3://bucket/key"
	case object && key == "":
		return fmt.Sprintf("`%.60s` names no object", name), "write s3://bucket/key"
	case strings.ContainsAny(name, "*?["):
		return fmt.Sprintf("`%.60s` is a pattern, and a wait is for one file", name),
			"write its whole name; a trigger of a registered workflow begins a run for each file of a pattern"
	}
	return "", ""
}

const (
	lookEvery = time.Second
	lookLimit = 30 * time.Second // for one look
)

func (wait) Run(ctx context.Context, c *Call) (Result, error) {
	var found []string
	for _, key := range waitKeys {
		if c.Keys[key] != nil {
			found = append(found, key)
		}
	}
	if len(found) != 1 {
		return Result{}, wrong("a wait step has one of %s, not %d of them", strings.Join(waitKeys, ", "), len(found))
	}
	switch found[0] {
	case "for":
		d, err := c.duration("for", 0)
		if err != nil {
			return Result{}, err
		}
		return c.untilTime(ctx, c.Began.Add(d))
	case "until":
		text, err := c.text("until")
		if err != nil {
			return Result{}, err
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return Result{}, wrong("until: %q is no time as 2027-01-31T12:00:00Z", text)
		}
		return c.untilTime(ctx, at)
	case "approval":
		return c.untilApproved(ctx)
	case "signal":
		return c.untilSignalled(ctx)
	case "run", "sweep":
		return c.untilEnded(ctx, found[0])
	}
	return c.untilThere(ctx, found[0])
}

func (c *Call) untilTime(ctx context.Context, at time.Time) (Result, error) {
	if !timer.Sleep(ctx, time.Until(at)) {
		return Result{}, context.Cause(ctx)
	}
	return Result{Outputs: map[string]any{"at": at.UTC().Format(time.RFC3339)}}, nil
}

func (c *Call) untilApproved(ctx context.Context) (Result, error) {
	may, err := c.texts("approval")
	if err != nil {
		return Result{}, err
	}
	c.Progress(Progress{Text: "waits for: kaon workflow approve " + c.Run + " " + c.Key})
	for {
		select {
		case who := <-c.Approved:
			if len(may) == 1 && may[0] == "true" || slices.Contains(may, who) {
				return Result{Outputs: map[string]any{"by": who}}, nil
			}
			c.Progress(Progress{Text: who + " may not approve it; these may: " + strings.Join(may, ", ")})
		case <-ctx.Done():
			return Result{}, context.Cause(ctx)
		}
	}
}

// untilThere looks again and again.
func (c *Call) untilThere(ctx context.Context, key string) (Result, error) {
	name, err := c.text(key)
	if err == nil {
		err = needed(key, name)
	}
	if err != nil {
		return Result{}, err
	}
	look, err := c.look(ctx, key, name)
	if err != nil {
		return Result{}, err
	}
	if err := c.again(ctx, look); err != nil {
		return Result{}, err
	}
	return Result{Outputs: map[string]any{key: name}}, nil
}

// again looks until it is so. What hinders a look is said; a *Failure of one ends it.
func (c *Call) again(ctx context.Context, look func() (bool, error)) error {
	every, err := c.duration("every", lookEvery)
	if err != nil {
		return err
	}
	told := ""
	for {
		there, err := look()
		var f *Failure
		switch {
		case err == nil && there:
			return nil
		case errors.As(err, &f):
			return err
		case err != nil && ctx.Err() == nil && err.Error() != told:
			told = err.Error()
			c.Progress(Progress{Text: told})
		}
		if !timer.Sleep(ctx, max(every, 10*time.Millisecond)) {
			return context.Cause(ctx)
		}
	}
}

// untilEnded waits for the end of a run or a sweep. What was found by the name is kept, for when the step is begun
// again.
func (c *Call) untilEnded(ctx context.Context, key string) (Result, error) {
	name, err := c.text(key)
	if err == nil {
		err = needed(key, name)
	}
	if err != nil {
		return Result{}, err
	}
	good, err := c.texts("states")
	if err != nil {
		return Result{}, err
	}
	if len(good) == 0 {
		good = endStates[:1]
	}
	endOf := c.EndOf
	if key == "sweep" {
		endOf = func(id string) (string, string, error) { return c.endOfSweep(ctx, id) }
	}
	name = cmp.Or(c.Kept, name)
	state := ""
	err = c.again(ctx, func() (bool, error) {
		id, now, err := endOf(name)
		switch {
		case err != nil:
			return false, err
		case id == "" && c.Kept != "":
			return false, wrong("%s %s was removed", key, c.Kept)
		case id != "" && id != c.Kept:
			if err := c.Keep(id); err != nil {
				return false, err
			}
			c.Kept, name = id, id
			c.Progress(Progress{Text: "waits for " + key + " " + id})
		}
		state = now
		return state != "", nil
	})
	switch {
	case err != nil:
		return Result{}, err
	case !slices.Contains(good, state):
		return Result{}, failed("%s %s has ended: %s", key, name, state)
	}
	return Result{Outputs: map[string]any{key: name, "status": state}}, nil
}

// endOfSweep is EndOf of a sweep.
func (c *Call) endOfSweep(ctx context.Context, name string) (id, state string, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	state, there, err := c.Cluster.Ended(ctx, name)
	if !there {
		return "", "", err
	}
	return name, state, err
}

// look is how it is looked for once.
func (c *Call) look(ctx context.Context, key, name string) (func() (bool, error), error) {
	limited := func(f func(context.Context) (bool, error)) func() (bool, error) {
		return func() (bool, error) {
			ctx, cancel := context.WithTimeout(ctx, lookLimit)
			defer cancel()
			return f(ctx)
		}
	}
	switch {
	case key == "url":
		if _, err := http.NewRequest(http.MethodGet, name, nil); err != nil {
			return nil, wrong("url: %w", err)
		}
		return limited(func(ctx context.Context) (bool, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, name, nil)
			if err != nil {
				return false, err
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				return false, err
			}
			defer answer.Body.Close()
			return answer.StatusCode/100 == 2, nil
		}), nil
	case strings.HasPrefix(name, "s3://"):
		at := strings.LastIndex(name, "/")
		if at <= len("s3://") {
			return nil, wrong("file: %q names no object: write s3://bucket/key", name)
		}
		in, err := open.Bucket(ctx, name[:at], nil)
		if err != nil {
			return nil, wrong("file: %w", err)
		}
		return limited(func(ctx context.Context) (bool, error) {
			_, err := in.Stat(ctx, name[at+1:])
			if errors.Is(err, bucket.ErrNotExist) {
				return false, nil
			}
			return err == nil, err
		}), nil
	}
	path := c.path(name)
	return func() (bool, error) {
		_, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}, nil
}
