package executor

import "testing"

func TestIdentities(t *testing.T) {
	for text, want := range map[string][2]uint32{"0": {0, 0}, "root": {0, 0}, "4242": {4242, 0}, "4242:17": {4242, 17}, "root:17": {0, 17}} {
		id, err := identify(text)
		if err != nil || id.credential.Uid != want[0] || id.credential.Gid != want[1] {
			t.Errorf("%s: %+v, %v; want %v", text, id, err, want)
		}
	}
	if id, err := identify(""); id != nil || err != nil {
		t.Errorf("nobody is %+v, %v", id, err)
	}
	for _, text := range []string{"no-such-user", "0:no-such-group"} {
		if id, err := identify(text); err == nil {
			t.Errorf("%s is %+v", text, id)
		}
	}
}
