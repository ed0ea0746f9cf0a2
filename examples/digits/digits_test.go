package main

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSplitIsFixedAndDisjoint(t *testing.T) {
	data, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(data.train) + len(data.validate) + len(data.test); got != 1797 {
		t.Fatalf("%d images, want 1797", got)
	}
	again, _ := load()
	if data.test[0] != again.test[0] || data.train[100] != again.train[100] {
		t.Error("two loads split differently")
	}
	counts := make(map[int]int)
	for _, img := range data.validate {
		counts[img.label]++
	}
	for label := range classes {
		if counts[label] < 20 {
			t.Errorf("only %d images of %d to validate on", counts[label], label)
		}
	}
}

// The gradient is checked against finite differences of the loss.
func TestBackwardIsTheGradient(t *testing.T) {
	data, err := load()
	if err != nil {
		t.Fatal(err)
	}
	net := newNetwork(5, rand.New(rand.NewPCG(3, 3)))
	acts, deltas, grads := net.buffers()
	img := data.train[0]
	net.forward(img.pixels[:], acts)
	net.backward(img.label, acts, deltas, grads)
	const h = 1e-6
	for i, p := range net.parameters() {
		for k := 0; k < len(p); k += 7 {
			old := p[k]
			p[k] = old + h
			up := -math.Log(net.forward(img.pixels[:], acts)[img.label])
			p[k] = old - h
			down := -math.Log(net.forward(img.pixels[:], acts)[img.label])
			p[k] = old
			if want := (up - down) / (2 * h); math.Abs(want-grads[i][k]) > 1e-5 {
				t.Fatalf("parameter %d[%d]: gradient %g, finite difference %g", i, k, grads[i][k], want)
			}
		}
	}
}

func TestEveryOptimizerLearns(t *testing.T) {
	for _, args := range []string{"-optimizer sgd -lr 0.5", "-optimizer momentum -lr 0.05", "-optimizer adam -lr 0.01 -hidden 16"} {
		var out bytes.Buffer
		t.Setenv("KAON_METRICS", "")
		if err := run(append(strings.Fields(args), "-epochs", "5"), &out); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		var last struct {
			Step     int
			Accuracy float64
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
			t.Fatal(err)
		}
		if last.Step != 5 || last.Accuracy < 0.85 {
			t.Errorf("%s: after epoch %d accuracy %.3f, want at least 0.85 after 5", args, last.Step, last.Accuracy)
		}
	}
}

func TestMetricsGoToKaonsFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "metrics.jsonl")
	t.Setenv("KAON_METRICS", name)
	t.Setenv("KAON_SEED", "9")
	var out bytes.Buffer
	if err := run([]string{"-epochs=2", "-lr=1e308"}, &out); err != nil { // diverges: NaN is written, not an error
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n != 2 || !bytes.Contains(text, []byte("NaN")) {
		t.Errorf("metrics file:\n%s", text)
	}
	if out.Len() != 0 {
		t.Errorf("standard output: %q", out.String())
	}
}

func TestBadSettings(t *testing.T) {
	for _, args := range []string{"-optimizer x", "-batch 0", "-epochs 0", "-hidden -1"} {
		if err := run(strings.Fields(args), &bytes.Buffer{}); err == nil {
			t.Errorf("%s: no error", args)
		}
	}
}
