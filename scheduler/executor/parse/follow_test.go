package parse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// A metrics file that is written anew is read again, and what it has kept from before counts once.
func TestMetricsFileWrittenAnew(t *testing.T) {
	type step struct {
		// append, rewrite in place, rename over, or truncate; "x" for 20,000 lines more than are known again
		how, text string
	}
	many := strings.Repeat("{\"a\":1}\n", maxSeen+1000)
	for name, c := range map[string]struct {
		steps []step
		want  []string
	}{
		"appended": {[]step{{"append", "1\n2\n"}, {"append", "3\n"}, {"append", "3\n"}},
			[]string{"1", "2", "3", "3"}},
		"history, longer each time": {[]step{{"rewrite", "1\n2\n"}, {"rewrite", "1\n2\n3\n"},
			{"rewrite", "1\n2\n3\n4\n"}}, []string{"1", "2", "3", "4"}},
		"history, renamed": {[]step{{"rename", "1\n2\n"}, {"rename", "1\n2\n3\n"},
			{"rename", "1\n2\n3\n4\n"}}, []string{"1", "2", "3", "4"}},
		"one line of one length": {[]step{{"rewrite", "{\"a\":1}\n"}, {"rewrite", "{\"a\":2}\n"},
			{"rewrite", "{\"a\":3}\n"}}, []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}},
		"one line, renamed": {[]step{{"rename", "{\"a\":1}\n"}, {"rename", "{\"a\":1}\n"},
			{"rename", "{\"a\":3}\n"}}, []string{`{"a":1}`, `{"a":3}`}},
		"one object without an end": {[]step{{"rewrite", `{"a":1}`}, {"rewrite", `{"a":2}`}, {"rewrite", `{"a":2}`},
			{"rewrite", `{"a":3}`}}, []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}},
		"half an object": {[]step{{"rewrite", `{"a":1`}, {"rewrite", `{"a":2}`}}, []string{`{"a":2}`}},
		"shorter, longer": {[]step{{"rewrite", "1\n2\n3\n"}, {"rewrite", "1\n"}, {"append", "2\n3\n4\n"}},
			[]string{"1", "2", "3", "4"}},
		"emptied, and the same again": {[]step{{"append", "1\n2\n"}, {"truncate", ""}, {"append", "1\n"},
			{"append", "2\n5\n"}}, []string{"1", "2", "5"}},
		"another after the first line": {[]step{{"rewrite", "1\n2\n3\n"}, {"rewrite", "1\n4\n3\n"}},
			[]string{"1", "2", "3", "4", "3"}},
		"another longer one": {[]step{{"rewrite", "1\n2\n"}, {"rewrite", "5\n6\n7\n8\n"}},
			[]string{"1", "2", "5", "6", "7", "8"}},
		"more lines than are known": {[]step{{"rewrite", many}, {"rename", many + "9\n"}},
			append(strings.Split(strings.TrimSpace(many), "\n"), "9")},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			folder, err := safefile.OpenDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer folder.Close()
			f := Follower{Folder: folder, Name: "m", Lines: Lines{Max: 64 << 10}}
			var got []string
			emit := func(line []byte) { got = append(got, string(line)) }
			path := filepath.Join(dir, "m")
			for _, s := range c.steps {
				switch s.how {
				case "append":
					file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprint(file, s.text)
					file.Close()
				case "rename":
					if err := os.WriteFile(path+".new", []byte(s.text), 0o644); err != nil {
						t.Fatal(err)
					}
					if err := os.Rename(path+".new", path); err != nil {
						t.Fatal(err)
					}
				default:
					if err := os.WriteFile(path, []byte(s.text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				f.changed.Sec-- // as if the clock of the file system had gone on
				f.Poll(context.Background(), MaxPoll, emit)
				f.Poll(context.Background(), MaxPoll, emit)
			}
			f.Finish(context.Background(), 1<<30, emit, emit)
			if !slices.Equal(got, c.want) {
				t.Errorf("%d lines %.100q, want %d %.100q", len(got), got, len(c.want), c.want)
			}
		})
	}
}

func TestFileThatGoesOnIsNotCutIntoNumbers(t *testing.T) {
	dir := t.TempDir()
	folder, err := safefile.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if err := os.WriteFile(filepath.Join(dir, "m"), []byte("loss=1\nloss=0.75\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := Follower{Folder: folder, Name: "m", Lines: Lines{Max: 64 << 10}}
	var got []string
	emit := func(line []byte) { got = append(got, string(line)) }
	if f.Finish(context.Background(), 14, emit, emit); !slices.Equal(got, []string{"loss=1"}) {
		t.Errorf("got %q", got)
	}
}
