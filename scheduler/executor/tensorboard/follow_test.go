package tensorboard

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/results/tfevents"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// world is a folder with a Follower of it, and what that has said.
type world struct {
	t       *testing.T
	dir     string
	follow  *Follower
	lines   []string
	damaged []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	folder, err := safefile.OpenDir(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	w.follow = &Follower{Folder: folder, Folders: Folders,
		Emit:    func(line []byte) { w.lines = append(w.lines, string(line)) },
		Damaged: func(name string, where int64) { w.damaged = append(w.damaged, fmt.Sprintf("%s %d", name, where)) }}
	return w
}

// add appends to a file.
func (w *world) add(name string, data []byte) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.Write(data)
		f.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) poll() []string {
	w.t.Helper()
	w.lines = nil
	w.follow.Poll(w.t.Context(), 1<<30)
	return w.lines
}

// record is an event of one value.
func record(step int64, tag string, value float64) []byte {
	return framed(tfevents.Append(nil, tfevents.Event{Step: step, Scalars: []tfevents.Scalar{{Tag: tag, Value: value}}}))
}

func framed(data []byte) []byte { return tfevents.AppendRecord(nil, data) }

// Files that tensorboardX has written are read whole, whatever the pieces in which they come.
func TestFilesOfTensorboardX(t *testing.T) {
	const name = "events.out.tfevents.1700000000.host"
	data, err := os.ReadFile("testdata/x/" + name)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{}
	for i := range 5 {
		want = append(want, fmt.Sprintf(`{"step": %d, "Loss/train": %v}`, i, float64(float32(1)/float32(i+1))),
			fmt.Sprintf(`{"step": %d, "acc": %v}`, i, float64(float32(i)/10)))
	}
	want = append(want, `{"step": 9, "acc": NaN}`)
	for _, piece := range []int{1, 7, len(data)} {
		w := newWorld(t)
		var got []string
		for part := range slices.Chunk(data, piece) {
			w.add("runs/x/"+name, part)
			got = append(got, w.poll()...)
		}
		if !slices.Equal(got, want) || len(w.damaged) > 0 {
			t.Errorf("in pieces of %d bytes\n%q, damaged %q, want\n%q", piece, got, w.damaged, want)
		}
	}
	w := newWorld(t)
	for _, one := range []string{"a", "b"} {
		data, err := os.ReadFile("testdata/x/both/" + one + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		w.add("logs/x/both/"+one+"/"+name, data)
	}
	if got := w.poll(); !slices.Equal(got, []string{`{"step": 7, "both/a": 1.5}`, `{"step": 7, "both/b": 2.5}`}) {
		t.Errorf("%q", got)
	}
	for name, want := range map[[2]string]string{
		{"logs/fit/train", "epoch_loss"}: "train/epoch_loss", {"runs/x_loss/sub_a", "loss/sub"}: "loss/sub", {"runs/x/loss_sub_a", "loss/sub"}: "loss/sub/a",
		{"runs/val", "val/acc"}: "val/acc", {"runs/train", "accuracy"}: "accuracy", {"runs", "loss"}: "loss",
	} {
		one := (&Follower{Watched: []string{"accuracy"}}).line(&file{folder: name[0]}, tfevents.Event{Scalars: []tfevents.Scalar{{Tag: name[1], Value: 1}}})
		if string(one) != fmt.Sprintf(`{"step": 0, %q: 1}`, want) {
			t.Errorf("%q in %s is %s, want %s", name[1], name[0], one, want)
		}
	}
}

// A sweep about a tag that training and validation share is about validation; where there is training alone, about that.
func TestTagOfTrainingAndValidation(t *testing.T) {
	for _, c := range []struct{ files, want []string }{
		{[]string{"logs/fit/train/e.tfevents.1", "logs/fit/validation/e.tfevents.2"},
			[]string{`{"step": 1, "train/loss": 1}`, `{"step": 1, "loss": 1}`}},
		{[]string{"runs/train/e.tfevents.1", "runs/val/e.tfevents.2"},
			[]string{`{"step": 1, "train/loss": 1}`, `{"step": 1, "loss": 1}`}},
		{[]string{"runs/a/train/e.tfevents.1", "runs/b/val/e.tfevents.2"},
			[]string{`{"step": 1, "loss": 1}`, `{"step": 1, "loss": 1}`}},
		{[]string{"logs/train/e.tfevents.1"}, []string{`{"step": 1, "loss": 1}`}},
	} {
		w := newWorld(t)
		w.follow.Watched = []string{"loss"}
		for _, name := range c.files {
			w.add(name, record(1, "loss", 1))
		}
		if got := w.poll(); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.files, got, c.want)
		}
	}
}

// A tag that training alone has keeps its name beside a held-out part, which shows that by a second step of another
// tag, by the program's end, or by so many points that no more are kept; one that is shown later is train/ from there.
func TestTagOfTrainingAlone(t *testing.T) {
	const train, val = "logs/train/e.tfevents.1", "logs/validation/e.tfevents.2"
	start := func() *world {
		w := newWorld(t)
		w.follow.Watched = []string{"lr", "loss"}
		w.add(val, nil)
		return w
	}
	expect := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	flush := func(w *world) []string {
		w.lines = nil
		w.follow.Flush()
		return w.lines
	}

	w := start() // as Keras writes: iterations are steps of one tag, epochs of the others
	w.add(val, record(938, "evaluation_loss_vs_iterations", 1))
	w.add(train, slices.Concat(record(0, "loss", 1), record(0, "lr", 2), record(0, "accuracy", 3)))
	expect("training", w.poll(), `{"step": 0, "train/accuracy": 3}`,
		`{"step": 938, "validation/evaluation_loss_vs_iterations": 1}`)
	w.add(val, record(0, "loss", 4))
	expect("a shared tag", w.poll(), `{"step": 0, "train/loss": 1}`, `{"step": 0, "loss": 4}`)
	w.add(val, record(1876, "evaluation_loss_vs_iterations", 1))
	expect("a second round", w.poll(), `{"step": 0, "lr": 2}`,
		`{"step": 1876, "validation/evaluation_loss_vs_iterations": 1}`)
	w.add(train, slices.Concat(record(1, "loss", 5), record(1, "lr", 6)))
	expect("live", w.poll(), `{"step": 1, "train/loss": 5}`, `{"step": 1, "lr": 6}`)
	expect("nothing waits", flush(w))
	w.add(val, record(1, "lr", 7))
	w.add(train, record(2, "lr", 8))
	w.poll()
	w.add(train, record(3, "lr", 9))
	expect("shown late", w.poll(), `{"step": 3, "train/lr": 9}`)

	w = start()
	w.add(train, slices.Concat(record(1, "lr", 1), record(1, "loss", 2), record(2, "lr", 3)))
	w.add(val, slices.Concat(record(1, "acc", 1), record(1, "acc", 1))) // twice in one round
	expect("one round", w.poll(), `{"step": 1, "validation/acc": 1}`, `{"step": 1, "validation/acc": 1}`)
	expect("the end", flush(w), `{"step": 1, "lr": 1}`, `{"step": 1, "loss": 2}`, `{"step": 2, "lr": 3}`)

	w = start()
	w.add(train, framed(tfevents.Append(nil, tfevents.Event{Step: 1, Scalars: []tfevents.Scalar{
		{Tag: "lr", Value: 1}, {Tag: "acc", Value: 2}, {Tag: "loss", Value: 3}}})))
	expect("of one event those wait that are watched", w.poll(), `{"step": 1, "train/acc": 2}`)
	w.add(val, record(1, "loss", 4))
	expect("one is shared", w.poll(), `{"step": 1, "train/loss": 3}`, `{"step": 1, "loss": 4}`)
	expect("the other is not", flush(w), `{"step": 1, "lr": 1}`)

	w = start()
	w.add(train, bytes.Repeat(record(1, "lr", 1), maxWaiting))
	expect("many", w.poll())
	w.add(train, record(2, "lr", 2))
	if got := w.poll(); len(got) != maxWaiting+1 || got[maxWaiting] != `{"step": 2, "train/lr": 2}` {
		t.Errorf("%d points are let go of more than %d", len(got), maxWaiting)
	}
	w.add(train, record(3, "lr", 3))
	expect("behind many", w.poll(), `{"step": 3, "train/lr": 3}`)

	w = start() // a held-out part that never writes
	w.add(train, record(1, "loss", 1))
	expect("no validation", w.poll())
	expect("its end", flush(w), `{"step": 1, "train/loss": 1}`)

	w = start() // a tag of each batch, and one of the whole
	w.add(train, record(9, "loss", 1))
	w.add(val, slices.Concat(record(0, "seconds", 1), record(1, "seconds", 1), record(9, "loss", 2)))
	expect("batches", w.poll(), `{"step": 0, "validation/seconds": 1}`, `{"step": 1, "validation/seconds": 1}`,
		`{"step": 9, "train/loss": 1}`, `{"step": 9, "loss": 2}`)

	w = start() // a held-out part of many long tags is not remembered for ever
	for i := range 300 {
		w.add(val, slices.Concat(record(1, fmt.Sprint(i), 1), record(1, fmt.Sprintf("%200d", i), 1)))
	}
	if w.poll(); len(w.follow.splits["logs"].rounds) != 1 {
		t.Errorf("%d tags are remembered", len(w.follow.splits["logs"].rounds))
	}
}

// A held-out part that came with the program's code is none until something is appended to it.
func TestHeldOutPartOfTheCode(t *testing.T) {
	w := newWorld(t)
	w.follow.Watched = []string{"loss"}
	w.add("runs/val/e.tfevents.0", record(1, "loss", 1))
	w.follow.Skip()
	w.add("runs/train/e.tfevents.1", record(1, "loss", 2))
	if got := w.poll(); !slices.Equal(got, []string{`{"step": 1, "loss": 2}`}) {
		t.Errorf("beside one that came with the code: %q", got)
	}
	w.add("runs/train/e.tfevents.1", record(2, "loss", 3))
	w.add("runs/val/e.tfevents.0", record(2, "loss", 4))
	if got := w.poll(); !slices.Equal(got, []string{`{"step": 2, "train/loss": 3}`, `{"step": 2, "loss": 4}`}) &&
		!slices.Equal(got, []string{`{"step": 2, "loss": 4}`, `{"step": 2, "train/loss": 3}`}) {
		t.Errorf("beside one that is written to: %q", got)
	}
}

// What is wrong with a file costs what follows in it, and nothing else; links, pipes and what came with the code are not read.
func TestHostileFiles(t *testing.T) {
	good := record(1, "x", 1)
	w := newWorld(t)
	w.add("runs/old/events.out.tfevents.0", good)
	w.follow.Skip()
	w.add("runs/old/events.out.tfevents.0", record(2, "x", 2))
	flipped := slices.Clone(good)
	flipped[len(flipped)-6] ^= 1
	w.add("runs/a/tfevents", slices.Concat(good, flipped, good))
	w.add("runs/b/tfevents", slices.Concat([]byte("no frame at all, but text of some length"), good))
	huge := binary.LittleEndian.AppendUint64(nil, 1<<62)
	w.add("runs/c/tfevents", binary.LittleEndian.AppendUint32(huge, tfevents.Checksum(huge)))
	w.add("runs/d/tfevents", slices.Concat(framed(make([]byte, maxRecord+1)), framed([]byte{0xff, 0xff}), record(4, "y\"\n\x00", 4)))
	w.add("elsewhere/tfevents", good)
	if err := os.Symlink("../elsewhere/tfevents", filepath.Join(w.dir, "runs/tfevents.link")); err != nil {
		t.Fatal(err)
	}
	want := []string{`{"step": 2, "x": 2}`, `{"step": 1, "x": 1}`, `{"step": 4, "y\"\n\u0000": 4}`}
	if got := w.poll(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if want := []string{fmt.Sprintf("runs/a/tfevents %d", len(good)), "runs/b/tfevents 0"}; !slices.Equal(w.damaged, want) {
		t.Errorf("damaged %q, want %q", w.damaged, want)
	}
	if got := w.poll(); len(got) > 0 || len(w.damaged) > 2 {
		t.Errorf("again %q, damaged %q", got, w.damaged)
	}
}

// A file that grows faster than it is read holds up none behind it, and what is left is told.
func TestFilesComeInTurn(t *testing.T) {
	w := newWorld(t)
	one := record(1, "x", 1)
	many := bytes.Repeat(one, 2*chunk/len(one)) // more than is read at once
	w.add("runs/a/tfevents", many)
	w.add("runs/b/tfevents", record(1, "b", 1))
	w.add("runs/c/tfevents", record(1, "c", 1)[:20]) // not whole yet
	if !w.follow.Poll(t.Context(), 1) || slices.Contains(w.lines, `{"step": 1, "b": 1}`) {
		t.Error("a poll of one byte reads all")
	}
	w.add("runs/a/tfevents", many)
	got := len(w.lines)
	if !w.follow.Poll(t.Context(), 1) || len(w.lines) != got+1 || w.lines[got] != `{"step": 1, "b": 1}` {
		t.Errorf("%d lines after %d, want that of b, and more", len(w.lines), got)
	}
	for i := 0; w.follow.Poll(t.Context(), 1); i++ {
		if i > 10 {
			t.Fatal("there is always more")
		}
	}
	if want := 2*len(many)/len(one) + 1; len(w.lines) != want {
		t.Errorf("%d lines, want %d", len(w.lines), want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w.follow.Poll(ctx, 1<<30) {
		t.Error("a record that is not whole is more")
	}
	w.add("runs/c/tfevents", record(1, "c", 1)[20:])
	if !w.follow.Poll(ctx, 1<<30) {
		t.Error("a record that became whole is no more")
	}
}

// Images cost nothing of what a poll may read, and little to pass over.
func TestImagesAreFree(t *testing.T) {
	w := newWorld(t)
	image := framed(make([]byte, maxRecord+1))
	for i := range 20 {
		w.add("runs/tfevents", slices.Concat(image, image, record(int64(i), "x", 1)))
	}
	if more := w.follow.Poll(t.Context(), 10_000); more || len(w.lines) != 20 {
		t.Errorf("%d lines, more: %v", len(w.lines), more)
	}
	in := &counted{Reader: bytes.NewReader(bytes.Repeat(image, 20))}
	one, size := &file{passed: true}, in.Size()
	for one.offset < size {
		n, _, err := w.follow.records(in, one, size)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		one.offset += n
	}
	if in.read != 20*tfevents.HeadSize {
		t.Errorf("%d bytes were read of %d that are passed over", in.read, size)
	}
}

// counted counts what is read.
type counted struct {
	*bytes.Reader
	read int
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.Reader.ReadAt(p, at)
	c.read += n
	return n, err
}

// That there are more files than are read is told once.
func TestMoreFilesThanAreRead(t *testing.T) {
	w := newWorld(t)
	var told []string
	w.follow.Enough = func(why string) { told = append(told, why) }
	for i := range maxFiles + 1 {
		w.add(fmt.Sprintf("runs/%d/tfevents", i), record(1, "x", 1))
	}
	if w.poll(); len(w.lines) != maxFiles || !slices.Equal(told, []string{"there are more than 256"}) {
		t.Errorf("%d lines, told %q", len(w.lines), told)
	}
	if w.poll(); len(told) != 1 {
		t.Errorf("told %q", told)
	}
	w = newWorld(t)
	w.follow.Enough = func(why string) { told = append(told, why) }
	for i := range maxEntries + 1 {
		w.add(fmt.Sprintf("runs/%d", i), nil)
	}
	if w.poll(); len(told) != 2 || told[1] != "below runs are more than 4096 files and folders" {
		t.Errorf("told %q", told)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(tfevents.Append(nil, tfevents.Event{Step: 3, Scalars: []tfevents.Scalar{{Tag: "loss", Value: 1}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, _ := tfevents.Parse(data)
		(&Follower{}).line(&file{folder: "runs/train"}, e)
	})
}
