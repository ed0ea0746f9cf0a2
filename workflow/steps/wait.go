package steps

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/open"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// wait waits for a time, a file, an object, an answer, a person or a signal.
type wait struct{}

func (wait) About() Description {
	return Description{Name: "wait", Text: "Waits for one of: a time, a file, an object in S3, an answer, an approval, a signal.", Light: true, Keys: []Key{
		{Name: "for", Kind: "duration", Text: "so long, counted from when the step began, also over interruptions"},
		{Name: "until", Kind: "text", Text: "a time, as 2027-01-31T12:00:00Z"},
		{Name: "file", Kind: "text", Text: "until there is such a file, or s3://bucket/key"},
		{Name: "url", Kind: "text", Text: "until a GET is answered with 200 to 299"},
		{Name: "approval", Kind: "list", Text: "until one of these users has approved it; true: anybody"},
		{Name: "signal", Kind: "text", Text: "until somebody sends a signal of this name; what comes with it is put out"},
		{Name: "every", Kind: "duration", Text: "how often a file or URL is looked for; 1s when left out"},
	}}
}

const (
	lookEvery = time.Second
	lookLimit = 30 * time.Second // for one look
)

func (wait) Run(ctx context.Context, c *Call) (Result, error) {
	var found []string
	for _, key := range []string{"for", "until", "file", "url", "approval", "signal"} {
		if c.Keys[key] != nil {
			found = append(found, key)
		}
	}
	if len(found) != 1 {
		return Result{}, wrong("a wait step has one of for, until, file, url, approval and signal, not %d of them", len(found))
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
	every, err := c.duration("every", lookEvery)
	if err != nil {
		return Result{}, err
	}
	look, err := c.look(ctx, key, name)
	if err != nil {
		return Result{}, err
	}
	told := ""
	for {
		there, err := look()
		if err == nil && there {
			return Result{Outputs: map[string]any{key: name}}, nil
		}
		if err != nil && ctx.Err() == nil && err.Error() != told {
			told = err.Error()
			c.Progress(Progress{Text: told})
		}
		if !timer.Sleep(ctx, max(every, 10*time.Millisecond)) {
			return Result{}, context.Cause(ctx)
		}
	}
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
