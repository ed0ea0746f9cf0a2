package sweep

import (
	"reflect"
	"testing"
)

// W&B's `s` counts the bands below max_iter; beside min_iter alone it says nothing there, and nothing here.
func TestBandsBesideAFirstStep(t *testing.T) {
	early := func(rule string) []EarlyStop {
		t.Helper()
		spec, err := Parse("x.yaml", []byte("method: random\nrun_cap: 4\nmetric: {name: loss}\nprogram: x.py\n"+
			"parameters: {a: {min: 0.0, max: 1.0}}\nearly_terminate: "+rule+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		return spec.Early
	}
	if with, without := early("{type: hyperband, min_iter: 5, s: 2}"), early("{type: hyperband, min_iter: 5}"); !reflect.DeepEqual(with, without) {
		t.Errorf("%+v, without s %+v", with, without)
	}
	if two, three := early("{type: hyperband, max_iter: 27, s: 2}"), early("{type: hyperband, max_iter: 27, s: 3}"); reflect.DeepEqual(two, three) {
		t.Errorf("of max_iter s is nothing: %+v", two)
	}
}
