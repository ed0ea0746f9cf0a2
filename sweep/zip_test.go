package sweep

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func walked(t interface{ Fatal(...any) }, src string) (all []Point) {
	s, err := Parse("s.yaml", []byte(src))
	if err != nil {
		t.Fatal(src, err)
	}
	for i := range s.Trials {
		all = append(all, s.Space.At(big.NewInt(int64(i))))
	}
	if n, _ := s.Space.Size(); n.Cmp(big.NewInt(int64(len(all)))) != 0 {
		t.Fatal("the size is not the number of points", n, len(all))
	}
	return all
}

// A grid with `zip` and `exclude` is the whole grid in its order, less the points in which what is tied stands apart,
// and those excluded.
func TestZipAndExcludeAreTheGridLessWhatTheyForbid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "tied values")
		free, low := rapid.IntRange(1, 4).Draw(t, "free values"), rapid.IntRange(-3, 3).Draw(t, "low")
		var words []string
		for i := range n {
			words = append(words, fmt.Sprintf("w%d", i))
		}
		src := fmt.Sprintf("method: grid\nprogram: x\nparameters:\n  a: {values: [%s]}\n  free: {min: 1, max: %d}\n"+
			"  b: {min: %d, max: %d}\n", strings.Join(words, ", "), free, low, low+n-1)
		x, y := rapid.IntRange(0, n-1).Draw(t, "excluded a"), rapid.IntRange(1, free).Draw(t, "excluded free")
		z := rapid.IntRange(low, low+n-1).Draw(t, "excluded b")
		var want []string
		for _, p := range walked(t, src) {
			a, _ := p.Lookup("a")
			f, _ := p.Lookup("free")
			b, _ := p.Lookup("b")
			together := a.(string) == words[b.(int64)-int64(low)]
			if together && !(a == words[x] && f == int64(y)) && !(b == int64(z) && f.(int64)%2 == 0) {
				text, _ := json.Marshal(p)
				want = append(want, string(text))
			}
		}
		if len(want) == 0 {
			return
		}
		var got []string
		for _, p := range walked(t, src+fmt.Sprintf("zip: [a, b]\nexclude:\n  - {a: %s, free: %d}\n  - b == %d and free %% 2 == 0\n",
			words[x], y, z)) {
			text, _ := json.Marshal(p)
			got = append(got, string(text))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("%s\ngot  %v\nwant %v", src, got, want)
		}
	})
}

// Drawn points keep ties and exclusions too.
func TestDrawnPointsKeepTiesAndExclusions(t *testing.T) {
	s, err := Parse("s.yaml", []byte(`
method: random
program: x
zip: [[size, o.lr]]
exclude: [{size: large, o: {opt: sgd}}, {o.opt: [adam, rms], n: 3}]
parameters:
  size: {values: [small, small, large]}
  o: {parameters: {lr: {values: [0.1, 0.2, 0.2]}, opt: {values: [sgd, adam, rms]}}}
  n: {min: 1, max: 3}
`))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for i := range 3000 {
		p, ok := s.Space.Draw(7, i)
		text, _ := json.Marshal(p)
		if !ok {
			t.Fatal("no point", i)
		}
		seen[string(text)]++
	}
	// (small,.1)(small,.2)(large,.2) × 3 × 3 = 27, less large+sgd (3), less n=3 with adam or rms (3×2)
	if len(seen) != 27-3-6 {
		t.Errorf("%d points: %v", len(seen), seen)
	}
	for p := range seen {
		if strings.Contains(p, `"large","o":{"lr":0.1`) {
			t.Errorf("%s stands apart", p)
		}
	}
}

// Parameters that are tied and absent count once.
// Where a point stands in parameters that move together is found whatever they are, of long ranges without looking at all places.
func TestPlacesOfTiesAreFound(t *testing.T) {
	for parameters, count := range map[string]int64{
		"a: {min: -7, max: 999992}, b: {min: 1, max: 1000000}":                                                            1_000_000,
		"a: {distribution: q_uniform, min: 0.4, max: 30000.4, q: 0.3}, b: {min: 1, max: 100000}":                          100_000,
		"a: {distribution: q_uniform, min: 0.5, max: 4.5, q: 1}, b: {values: [[1], [1.0], {k: 1}, '1']}":                  4,
		"a: {values: [.nan, -0.0, 0.0, null, 1, 1.0, '1', true]}, b: {values: [x, x, x, x, x, x, x, x]}":                  8,
		"a: {values: [[1, [2]], [1, [2.0]], {k: [1]}, {k: [1.0]}]}, b: {values: [x, x, x, x]}, c: {values: [1, 1, 1, 2]}": 4,
	} {
		tied := "[a, b]"
		if strings.Contains(parameters, "c:") {
			tied = "[a, b, c]"
		}
		s := parse(t, "{method: grid, run_cap: 9, program: x, parameters: {"+parameters+"}, zip: ["+tied+"], try: []}").Space
		if n, _ := s.Size(); n.Int64() != count {
			t.Errorf("%s: %v points", parameters, n)
		}
		for i := int64(0); i < count; i += max(1, count/97) {
			p := s.At(big.NewInt(i))
			if n, ok := s.Rank(p); !ok || n.Int64() != i {
				t.Errorf("%s: %v is point %v, and not %d (%v)", parameters, p, n, i, ok)
			}
		}
		if n, ok := s.Rank(Point{{"a", int64(5_000_000)}, {"b", int64(1)}, {"c", int64(1)}}); ok {
			t.Errorf("%s: there is point %v", parameters, n)
		}
	}
}

func TestAbsentTiesCountOnce(t *testing.T) {
	got := walked(t, `
method: grid
program: x
zip: [a, b]
parameters:
  on: {values: [true, false]}
  a: {values: [1, 2], when: on}
  b: {values: [3, 4], when: on}
  c: {values: [5, 6]}
`)
	if len(got) != 2*2+2 {
		t.Errorf("%d points: %v", len(got), got)
	}
	got = walked(t, `
method: grid
program: x
zip: [a, b]
parameters:
  on: {values: [true, false]}
  a: {values: [1, 2], when: on}
  b: {values: [3, 4]}
`)
	if len(got) != 4 {
		t.Errorf("%d points: %v", len(got), got)
	}
}

func FuzzPermutationsCanBeUndone(f *testing.F) {
	f.Add(uint64(12), uint64(3), uint64(9))
	f.Add(uint64(1), uint64(0), uint64(0))
	f.Fuzz(func(t *testing.T, size, i, seed uint64) {
		size = size%1_000_000 + 1
		n := new(big.Int).SetUint64(size)
		at := int(i % size)
		if back, ok := unshuffled(shuffled(at, n, seed), n, seed); !ok || back != at {
			t.Errorf("%d of %d comes back as %d, %v", at, size, back, ok)
		}
		large := new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil)
		at = int(i >> 3)
		if back, ok := unshuffled(shuffled(at, large, seed), large, seed); !ok || back != at {
			t.Errorf("%d of 1e30 comes back as %d, %v", at, back, ok)
		}
	})
}
