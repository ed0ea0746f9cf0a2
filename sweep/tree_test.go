package sweep

import "testing"

// Booleans of other tools' files are what they are in a spec, in quotes too.
func TestTreeBool(t *testing.T) {
	for text, want := range map[string][2]bool{
		"true": {true, true}, "True": {true, true}, "yes": {true, true}, "ON": {true, true}, `"true"`: {true, true},
		"false": {false, true}, "False": {false, true}, "no": {false, true}, "'off'": {false, true},
		"1": {}, "maybe": {}, "null": {}, "": {}, "[true]": {}, "{a: true}": {},
	} {
		root, err := ReadTree("x", []byte("a: "+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if value, ok := root.Get("a").Bool(); value != want[0] || ok != want[1] {
			t.Errorf("%s is %v, %v", text, value, ok)
		}
	}
	var none *Tree
	if _, ok := none.Bool(); ok || none.True() {
		t.Error("what is not there is a boolean")
	}
}
