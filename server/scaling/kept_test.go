package scaling

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// scaled looks until something happened, and answers what webhooks were told and how the groups stood.
func scaled(t *testing.T, file string, log *slog.Logger, groups []Group, looks int32) (told []Event, reports []Report) {
	t.Helper()
	var n atomic.Int32
	var mu sync.Mutex
	s := Start(Config{Groups: groups, Every: time.Millisecond, File: file, Log: log, Look: func(context.Context) ([]Agent, []Shape, error) {
		n.Add(1)
		return nil, []Shape{shape(8, cpus(4))}, nil
	}, Tell: func(_ *Group, e Event, _ []byte) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, e)
	}})
	testkit.Await(t, "looks", func() bool { return n.Load() > looks })
	reports = s.Reports()
	s.Close()
	return told, reports
}

// What was told last is known after a restart: nobody is told twice within a cool-down, and people see it until then.
func TestAdviceOutlivesTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scaling.json")
	p, q := pool(0, -1, 9), pool(0, -1, 9)
	p.Webhook, p.CoolDown = "https://h/", time.Hour
	q.Name, q.Value, q.Webhook = "q", "q", "https://h/"
	told, before := scaled(t, file, nil, []Group{p}, 3)
	if len(told) != 1 || told[0].Advice.Add != 8 {
		t.Fatalf("%+v", told)
	}
	told, after := scaled(t, file, nil, []Group{p, q}, 3)
	if len(told) != 0 || after[0].Told != before[0].Told || after[0].Advice == nil || after[0].Advice.Add != 8 || after[1].Advice != nil {
		t.Errorf("told %+v, reports %+v after %+v", told, after, before)
	}
	p.CoolDown = time.Nanosecond // the rule is another by now
	if told, _ = scaled(t, file, nil, []Group{p}, 3); len(told) == 0 {
		t.Error("a cool-down that is over holds advice back")
	}

	// A clock that was set back holds nothing back for longer than a cool-down, and a damaged file nothing at all.
	text, err := json.Marshal([]keptAdvice{{"p", time.Now().Add(1000 * time.Hour), &Advice{Add: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{string(text), "[{", ""} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		p.CoolDown = 20 * time.Millisecond
		damaged := content != string(text)
		if damaged {
			p.CoolDown = time.Hour
		}
		told, _ = scaled(t, file, slog.New(slog.NewTextHandler(&log, nil)), []Group{p}, 100)
		if len(told) == 0 || damaged && len(told) > 1 {
			t.Errorf("after %q: told %d times", content, len(told))
		}
		if strings.Contains(log.String(), file) != damaged {
			t.Errorf("after %q the log has %s", content, log.String())
		}
	}
}

// Advice that nobody heard, as the server was ending, does not count as told: the next process tells it.
func TestAdviceThatNobodyHeard(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scaling.json")
	p, q := pool(0, -1, 9), pool(1, -1, 9)
	q.Name, q.Value, q.Webhook, q.CoolDown = "q", "q", "https://h/", time.Hour
	began := filepath.Join(t.TempDir(), "began")
	p.CoolDown, p.Command = time.Hour, []string{"sh", "-c", `> "$1"; sleep 1000`, "sh", began}
	s := Start(Config{Groups: []Group{p, q}, File: file, Look: func(context.Context) ([]Agent, []Shape, error) {
		return nil, []Shape{shape(8, cpus(4))}, nil
	}, Tell: func(*Group, Event, []byte) { t.Error("the second is told while the first command runs") }})
	testkit.Await(t, "the first command", func() bool { _, err := os.Stat(began); return err == nil })
	s.Close()
	if told, _ := scaled(t, file, nil, []Group{p, q}, 3); len(told) != 1 || told[0].Group != "q" {
		t.Errorf("told %+v", told)
	}
	looks, end := make(chan struct{}), make(chan struct{})
	none := filepath.Join(t.TempDir(), "scaling.json")
	s = Start(Config{Groups: []Group{q}, File: none, Look: func(context.Context) ([]Agent, []Shape, error) {
		close(looks)
		<-end
		return nil, nil, nil
	}, Tell: func(*Group, Event, []byte) { t.Error("told while it ends") }})
	<-looks
	s.stop()
	close(end)
	s.Close()
	if text, err := os.ReadFile(none); !os.IsNotExist(err) {
		t.Errorf("it keeps %s, %v", text, err)
	}
}
