package task

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/kaon-sweep/kaon/results"
)

// keyBytes is how much of the hash a key keeps: nobody finds a second work of the same key.
const keyBytes = 20

// Key names what an attempt of a trial does: its sweep's work, command, environment, parameters and seed. Equal keys
// are equal work, whatever the sweep and the number of the trial. Empty: results are not kept for others.
func (b *Builder) Key(o *Order) string {
	if b.options.Work == "" || o.Trial == results.ThenTrial {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "1 %q %q %q %q %q %d", b.options.Work, o.Argv, o.Shell, o.Env, o.Params, o.Seed)
	for _, f := range o.Files {
		fmt.Fprintf(h, " %q %q", f.Name, f.Data)
	}
	return hex.EncodeToString(h.Sum(nil)[:keyBytes])
}
