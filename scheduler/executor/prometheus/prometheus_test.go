package prometheus

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/testkit"
)

// What is read of files as client libraries write them.
func TestParse(t *testing.T) {
	files, err := filepath.Glob("testdata/*.prom")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		samples, err := Parse(string(text), []string{"loss", "python_info"})
		var got strings.Builder
		if err != nil {
			got.WriteString(err.Error() + "\n")
		}
		for _, s := range samples {
			got.WriteString(strings.TrimSpace(s.Series+" "+results.Number(s.Value).String()+" "+s.Time) + "\n")
		}
		testkit.Golden(t, strings.TrimSuffix(file, ".prom")+".txt", []byte(got.String()))
	}
}

// One wrong line, and nothing of the file is read.
func TestWrongLines(t *testing.T) {
	for _, line := range []string{
		"loss", "loss x", "loss 1 2 3", "loss{ 1", `loss{a="b} 1`, `loss{a=b} 1`, `{} 1`, `{a="b"} 1`, `loss{a="b" c="d"} 1`, `{"a","b"} 1`,
		"2loss 1", "loss 0x10", "loss 1_0", `loss{="b"} 1`, "loss 1 now", "{\"step\": 1, \"loss\": 2}", "\x00",
	} {
		if got, err := Parse("good 1\n"+line+"\n", nil); !errors.Is(err, ErrFormat) {
			t.Errorf("%q is read as %+v, %v", line, got, err)
		}
	}
}

// place is a file that is followed, and what came of it.
type place struct {
	t     *testing.T
	dir   string
	f     Follower
	lines []string
	why   []string
}

func newPlace(t *testing.T, watched ...string) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir()}
	folder, err := safefile.OpenDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	p.f = Follower{Folder: folder, Name: "x.prom", Watched: watched,
		Emit:   func(line []byte) { p.lines = append(p.lines, string(line)) },
		Unread: func(why, what string) { p.why = append(p.why, why) },
	}
	return p
}

// write replaces the file, as client libraries do: by another of its name.
func (p *place) write(text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, "temp"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(p.dir, "temp"), filepath.Join(p.dir, "x.prom")); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) is(lines []string, why ...string) {
	p.t.Helper()
	if !slices.Equal(p.lines, lines) || !slices.Equal(p.why, why) {
		p.t.Errorf("read %q for %q, want %q for %q", p.lines, p.why, lines, why)
	}
	p.lines, p.why = nil, nil
}

// A value counts once for as long as it stands in the file; with a step, or a time of its own, once for each.
func TestFollow(t *testing.T) {
	p := newPlace(t, "loss", "acc")
	p.write("old 1\n")
	p.f.Skip()
	p.f.Poll(false)
	p.is(nil)
	p.write("loss 0.5\nlr 0.1\n")
	p.f.Poll(false)
	p.f.Poll(false)
	p.is([]string{`{"loss": 0.5, "lr": 0.1}`})
	p.write("loss 0.25\nlr 0.1\n")
	p.f.Poll(false)
	p.is([]string{`{"loss": 0.25}`})
	p.write("loss 0.25\nlr 0.1\n")
	p.f.Poll(false)
	p.is(nil)
	p.write("loss 0.25 1700000000000\nlr 0.1\n")
	p.f.Poll(false)
	p.is([]string{`{"loss": 0.25}`})
	p.write("step 3\nloss 0.25 1700000000000\nlr 0.1\n")
	p.f.Poll(false)
	p.is([]string{`{"loss": 0.25, "lr": 0.1, "step": 3}`})
	p.write("step 3\nloss NaN\nacc +Inf\nlr 0.1\n")
	p.f.Poll(false)
	p.is([]string{`{"loss": NaN, "acc": Infinity, "step": 3}`})
	p.write("")
	p.f.Poll(false)
	p.is(nil)
	p.write("acc{phase=\"val\"} 1\nloss{a=\"b\"} 1\nloss{a=\"c\"} 2\n")
	p.f.Poll(false)
	p.is([]string{`{"acc": 1, "loss{a=\"b\"}": 1, "loss{a=\"c\"}": 2}`}, ReasonLabels, ReasonLabels)
}

// A file that is being written is waited for, and at the end it is said that nothing came.
func TestHalfAFile(t *testing.T) {
	p := newPlace(t)
	p.write("loss 0.5\nacc 0.1")
	p.f.Poll(false)
	p.is(nil)
	p.f.Poll(true)
	p.is(nil, ReasonNoLines)
	p.write("loss 0.5\nacc 0.12\n")
	p.f.Poll(true)
	p.is([]string{`{"loss": 0.5, "acc": 0.12}`})
	p.write("loss 0.5\nloss\n")
	p.f.Poll(false)
	p.f.Poll(false)
	p.is(nil, ReasonFormat)
}

// Pipes, links and files without an end are no metrics, and nothing waits for them.
func TestAttackFiles(t *testing.T) {
	p := newPlace(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(p.dir, "x.prom")
	for _, plant := range []func() error{
		func() error { return unix.Mkfifo(name, 0o600) },
		func() error { return os.Symlink(secret, name) },
		func() error { return os.Mkdir(name, 0o700) },
	} {
		if err := plant(); err != nil {
			t.Fatal(err)
		}
		p.f.Poll(false)
		p.f.Poll(true)
		if len(p.lines) > 0 {
			t.Errorf("read %q", p.lines)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	p.why = nil
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<40); err != nil {
		t.Fatal(err)
	}
	p.f.Poll(false)
	p.f.Poll(true)
	p.is(nil, ReasonLarge)
	var many strings.Builder
	for i := range MostSeries {
		many.WriteString("m_" + string(rune('a'+i%26)) + strings.Repeat("x", i/26) + " 1\n")
	}
	p.f.Watched = []string{"loss"}
	p.write(many.String() + "loss 1\n")
	p.f.Poll(false)
	p.is([]string{`{"loss": 1}`}, ReasonSeries)
}

// Whatever is in the file, lines come of it that are JSON but for numbers that have none there, or nothing.
func FuzzFollow(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.prom")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		samples, err := Parse(text, []string{"loss"})
		if err != nil {
			return
		}
		follow := Follower{Watched: []string{"loss"}, Unread: func(string, string) {}, Emit: func(line []byte) {
			var values map[string]any
			plain := strings.NewReplacer(": NaN", ": 0", ": Infinity", ": 0", ": -Infinity", ": 0").Replace(string(line))
			if err := json.Unmarshal([]byte(plain), &values); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}}
		follow.take(samples)
		follow.take(samples)
	})
}
