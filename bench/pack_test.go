package bench

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/offers"
)

// TestPackReachesTheBounds holds the quality that the packer claims; speed is printed by `kaon bench pack`, not tested.
func TestPackReachesTheBounds(t *testing.T) {
	r, err := Pack(PackConfig{Only: []string{"roomy-mixed", "roomy-equal", "tight-mixed", "full-mixed", "fenzo", "fenzo-shuffled"}, Runs: 1, NoBeside: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Cases {
		switch c.Name {
		case "roomy-mixed":
			if c.Placed != 30000 || c.Hosts > c.LowerBound || c.LowerBound != 1100 {
				t.Errorf("%s: %d placed on %d agents, bound %d; want all on 1,100", c.Name, c.Placed, c.Hosts, c.LowerBound)
			}
		case "roomy-equal":
			if c.Placed != 30000 || c.Hosts != c.LowerBound {
				t.Errorf("%s: %d placed on %d agents, bound %d", c.Name, c.Placed, c.Hosts, c.LowerBound)
			}
		case "tight-mixed":
			if c.UsedOfAll.CPUs < 0.98 {
				t.Errorf("%s: %.4f of the cpus, want 0.98", c.Name, c.UsedOfAll.CPUs)
			}
		case "full-mixed":
			if c.Placed != 0 {
				t.Errorf("%s: %d placed on a full cluster", c.Name, c.Placed)
			}
		default:
			if c.UsedOfAll.CPUs < 0.999 {
				t.Errorf("%s: %.4f of the cpus, want 0.999", c.Name, c.UsedOfAll.CPUs)
			}
		}
	}
}

// TestPackReachesTheBoundOfMixes holds the quality whichever resource is scarce: at most a thousandth over the bound.
func TestPackReachesTheBoundOfMixes(t *testing.T) {
	names := []string{
		"mix-mem-scarce", "mix-mem-scarce-few", "mix-cpus-scarce", "mix-both-scarce", "mix-correlated", "mix-two-kinds",
		"mix-heavy-tail", "mix-disk-scarce", "mix-gpus-scarce", "mix-cpus-scarce-few", "mix-both-scarce-few", "mix-large-few",
		"mix-unequal-few",
	}
	for _, seed := range []uint64{1, 20} {
		r, err := Pack(PackConfig{Only: names, Seed: seed, Runs: 1, NoBeside: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Cases {
			if c.Placed != c.Trials || c.Hosts > c.LowerBound+(c.LowerBound+999)/1000 {
				t.Errorf("%s, seed %d: %d of %d placed on %d agents, bound %d", c.Name, seed, c.Placed, c.Trials, c.Hosts, c.LowerBound)
			}
		}
	}
}

func TestPackJSONKeepsItsContract(t *testing.T) {
	r, err := Pack(PackConfig{Machines: Machines(10, 4000, 8000000), Trials: Equal(50, 1000, 1000000), Runs: 1})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Cases []map[string]any `json:"cases"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"name": "given", "agents": 10., "trials": 50., "placed": 40., "hosts": 10., "lower_bound_hosts": 10.}
	for field, value := range want {
		if got.Cases[0][field] != value {
			t.Errorf("%s is %v, want %v", field, got.Cases[0][field], value)
		}
	}
	if u, ok := got.Cases[0]["utilisation"].(map[string]any); !ok || u["cpus"] != 1. || u["mem"] != .5 {
		t.Errorf("utilisation is %v", got.Cases[0]["utilisation"])
	}
	for _, field := range []string{"seconds", "placements_per_second"} {
		if v, ok := got.Cases[0][field].(float64); !ok || v <= 0 {
			t.Errorf("%s is %v", field, got.Cases[0][field])
		}
	}
}

// TestPackPlacesWhatThePlainPackerPlaces compares feasibility: neither may leave a trial out that fits somewhere.
func TestPackPlacesWhatThePlainPackerPlaces(t *testing.T) {
	trials := Shuffled(append(Equal(100, 1500, 3000000), Equal(100, 500, 1000000)...), 3)
	for _, policy := range []offers.Policy{offers.Tight, offers.Soonest, offers.Spread, offers.First} {
		r, err := Pack(PackConfig{Machines: Machines(40, 8000, 16000000), Trials: trials, Policy: policy, Runs: 1})
		if err != nil {
			t.Fatal(err)
		}
		if c := r.Cases[0]; c.Placed != 200 || c.Beside.Placed != 200 {
			t.Errorf("%s placed %d, best fit %d of 200 that fit", policy, c.Placed, c.Beside.Placed)
		}
	}
}

func TestChurnAndDrainRunToTheirEnd(t *testing.T) {
	r, err := Pack(PackConfig{Only: []string{"churn", "drain"}, NoBeside: true})
	if err != nil {
		t.Fatal(err)
	}
	if churn := r.Cases[0]; churn.Rounds != churnRounds || churn.UsedOfAll.CPUs < 0.99 {
		t.Errorf("churn: %d rounds at %.3f of the cpus", churn.Rounds, churn.UsedOfAll.CPUs)
	}
	if drain := r.Cases[1]; drain.Placed != 30000 || drain.Rounds > drain.Bound {
		t.Errorf("drain: %d placed in %d rounds, bound %d", drain.Placed, drain.Rounds, drain.Bound)
	}
}

func TestUnknownCaseIsNamed(t *testing.T) {
	if _, err := Pack(PackConfig{Only: []string{"romy"}}); err == nil || !strings.Contains(err.Error(), "roomy-mixed") {
		t.Errorf("got %v, want an error that lists the cases", err)
	}
}

func TestCSVErrorsNameLineAndValue(t *testing.T) {
	for text, want := range map[string]string{
		"id,cpus,mem\na,1,2\nb,x,2\n": `line 3: cpus "x"`,
		"id,cpus,mem\na,1,-2\n":       `line 2: mem "-2"`,
		"id,cpu,mem\na,1,2\n":         `column 2 is "cpu", want "cpus"`,
		"id,cpus,mem\na,1,NaN\n":      `mem "NaN"`,
		"id,cpus,mem\na,1\n":          "wrong number of fields",
		"":                            "EOF",
	} {
		if _, err := ReadTrials(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestMachinesSurviveTheirCSV(t *testing.T) {
	var out bytes.Buffer
	want := []Machine{{ID: "o1", Host: "h1", CPUs: 7140, Mem: 36571000}, {ID: "o2", Host: "h2", CPUs: 500, Mem: 1, GPUs: 2000}}
	if err := WriteMachines(&out, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadMachines(&out)
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestPictureIsWellFormed(t *testing.T) {
	points, err := Sizes(3000, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Picture(&out, points); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for d := xml.NewDecoder(&out); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 3 {
		t.Errorf("%d lines, want 3", lines)
	}
}
