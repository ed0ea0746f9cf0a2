package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// reportAt is where faults in kaon are reported.
const reportAt = "https://github.com/kaon-sweep/kaon/issues"

// crashed ends the process for a panic on a goroutine that has nobody to tell.
func crashed(p *crash.Panic) {
	leaveScreen()
	stderr := &printable{to: &checked{file: os.Stderr}}
	code := report(stderr, p)
	stderr.end()
	os.Exit(code)
}

// trace prints where a panic came from, and who wants to know.
func trace(w io.Writer, err error) {
	if p := new(crash.Panic); errors.As(err, &p) {
		fmt.Fprintf(w, "nothing was deleted; please report this, with what follows and `kaon version`, at %s\n\n%s",
			reportAt, p.Stack)
	}
}
