package registry

import "time"

// look is what a process knows of a trigger that looks for what happens elsewhere. Looking takes long: it is done
// without the registry's mu, one look of a trigger at a time.
type look struct {
	what   string // of another it begins anew
	busy   bool
	back   bool      // a look has ended since due was set
	due    time.Time // when it is looked again
	soon   time.Time // when it may be looked again, if sweeps have ended
	ends   uint64    // of sweeps that were told of when it began
	found  []sighting
	fresh  bool // found is to be taken in
	before map[string]bool
	news   []sighting // that no run has begun of yet
	err    error      // of the last
}

// sighting is what a look has found.
type sighting struct {
	key    string // another content has another
	at     time.Time
	source string
	whole  bool // nobody is writing to it
	values map[string]any
}
