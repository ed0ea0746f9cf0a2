package bench

import (
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// The table is what the example really trains: some of its entries are trained again.
func TestDigitsTableIsTrained(t *testing.T) {
	program := filepath.Join(t.TempDir(), "digits")
	if out, err := exec.Command("go", "build", "-o", program, "../examples/digits").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const each = 467 // a prime, so that all axes vary
	for entry := each; entry < DigitsConfigurations(); entry += each {
		out, err := exec.Command(program, append(DigitsFlags(entry), "-epochs", "3", "-seed", "1")...).Output()
		if err != nil {
			t.Fatal(err)
		}
		var p sweep.Point
		flags := DigitsFlags(entry)
		for i := 0; i < len(flags); i += 2 {
			p = append(p, sweep.Param{Name: flags[i][1:], Value: sweep.Value(flags[i+1])})
		}
		curve := digitsErrors(p)
		for epoch, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			_, tail, _ := strings.Cut(line, `"accuracy": `)
			accuracy, err := strconv.ParseFloat(strings.TrimSuffix(tail, "}"), 64)
			// Processors that fuse multiplication and addition round otherwise
			if err != nil || math.Abs(1-accuracy-curve[epoch]) > 0.01 {
				t.Errorf("entry %d, epoch %d: error %v (%v), the table has %v", entry, epoch+1, 1-accuracy, err, curve[epoch])
			}
		}
	}
}

// With early stopping a search comes as near with a quarter of the epochs, or less.
func TestEarlyStoppingSavesEpochs(t *testing.T) {
	regret := func(cfg SearchConfig) (out []float64) {
		t.Helper()
		cfg.Functions, cfg.Seeds = []string{"digits-table"}, 5
		if err := Search(cfg, func(r SearchRow) error { out = append(out, r.MedianRegret); return nil }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	rule := "{type: asha, max_iter: 30}"
	random := regret(SearchConfig{Methods: []string{"random"}, Evaluations: []int{250}, Pending: 8})
	learning := regret(SearchConfig{Methods: []string{"auto"}, Evaluations: []int{62}, Pending: 8, Stop: rule, Trials: 1000})
	if learning[0] >= random[0] {
		t.Errorf("auto and asha are at %v after 62 trainings' worth of epochs, random is at %v after 250 trainings", learning[0], random[0])
	}
	halved := regret(SearchConfig{Methods: []string{"random"}, Evaluations: []int{5}, Pending: 1, Stop: rule})
	if whole := regret(SearchConfig{Methods: []string{"random"}, Evaluations: []int{5}, Pending: 1}); halved[0] >= whole[0] {
		t.Errorf("after 5 trainings' worth asha is at %v, and without it %v", halved[0], whole[0])
	}
	err := Search(SearchConfig{Methods: []string{"tpe"}, Functions: []string{"branin"}, Evaluations: []int{5}, Pending: 1, Seeds: 1, Stop: "{type: asha}"},
		func(SearchRow) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "no epochs") {
		t.Errorf("a function without epochs: %v", err)
	}
	if !slices.ContainsFunc(Functions(), func(f Function) bool { return f.Name == "digits-table" && f.Least < 0.05 && f.Least > 0 }) {
		t.Error("the table has no minimum that a training of digits can have")
	}
}
