package sweep

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A search without repeats runs every point of a small space exactly once, whatever its distributions and
// conditions.
func TestUniqueDrawsEveryPointOnce(t *testing.T) {
	for body, points := range map[string]int{
		"a: {values: [1, 2, 3]}": 3, "a: {values: [1, 1, 2]}": 2,
		"a: {min: 1, max: 5}, b: {values: [x, y]}":                                        10,
		"a: {distribution: q_uniform, min: 0, max: 1, q: 0.25}":                           5,
		"a: {values: [1, 2, 3], probabilities: [0.5, 0, 0.5]}":                            2,
		"a: {distribution: q_log_uniform_values, min: 1, max: 8, q: 2}":                   4,
		"o: {values: [sgd, adam]}, m: {values: [1, 2, 3], when: o == \"sgd\"}":            4,
		"a: {min: 1, max: 6}, b: {min: 1, max: 6}}\nconstraints: [a < b]\ndescription: {": 15,
		"a: {value: 7}":               1,
		"a: {values: [true, 1, 1.0]}": 3,
	} {
		src := "method: random\nunique: true\nrun_cap: 1000\nprogram: t.py\nparameters: {" + body + "}\n"
		src = strings.Replace(src, "description: {}\n", "", 1)
		s, err := Parse("a.yaml", []byte(src), WithSeed(5))
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		if s.Trials != points || len(s.Warnings) != 1 {
			t.Errorf("%s: %d trials, want %d; %v", body, s.Trials, points, s.Warnings)
		}
		seen := map[string]bool{}
		for i := range s.Trials {
			p, ok := s.Space.Draw(s.Seed, i)
			if !ok || seen[asJSON(t, p)] {
				t.Errorf("%s: draw %d is %v again (%v)", body, i, p, ok)
			}
			seen[asJSON(t, p)] = true
		}
		if p, ok := s.Space.Draw(s.Seed, s.Trials); ok {
			t.Errorf("%s: draw %d is %v", body, s.Trials, p)
		}
	}
}

func TestShuffledIsAPermutation(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n, seed := rapid.IntRange(1, 3000).Draw(r, "n"), rapid.Uint64().Draw(r, "seed")
		seen := make([]bool, n)
		for i := range n {
			x := shuffled(i, big.NewInt(int64(n)), seed).Int64()
			if seen[x] {
				r.Fatalf("%d comes twice", x)
			}
			seen[x] = true
		}
	})
	huge := new(big.Int).Lsh(big.NewInt(3), 200)
	seen := map[string]bool{}
	for i := range 10_000 {
		x := shuffled(i, huge, 1)
		if x.Cmp(huge) >= 0 || seen[x.String()] {
			t.Fatalf("%d: %s", i, x)
		}
		seen[x.String()] = true
	}
}

func TestSmallSpacesWarn(t *testing.T) {
	for body, want := range map[string]string{
		"a: {values: [1, 2, 3]}}\nrun_cap: 10": "the space has 3 points: about 7 of 10 random trials repeat one", "a: {min: 1, max: 1000000}}": "", "a: {min: 0.0, max: 1.0}}": "",
		"a: {values: [1, 2]}}\nrun_cap: 1": "",
	} {
		s, err := Parse("a.yaml", []byte("method: random\nprogram: t.py\nparameters: {"+body+"\n"),
			WithSeed(5))
		if err != nil {
			t.Fatal(err)
		}
		if (want == "") != (len(s.Warnings) == 0) || want != "" && s.Warnings[0].Problem != want {
			t.Errorf("%s: %v, want %q", body, s.Warnings, want)
		}
	}
	_, err := Parse("a.yaml",
		[]byte("method: random\nunique: true\nprogram: t.py\nparameters: {o: {values: [1, 2]}, m: {min: "+
			"0.0, max: 1.0, when: o == 1}}\n"))
	if err == nil {
		t.Error("a continuous parameter that may be absent: no error")
	}
}
