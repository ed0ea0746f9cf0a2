package proc

import (
	"errors"
	"syscall"
	"time"
)

// mostBusy is how long Start waits in all: the other program executes within microseconds, on a busy machine
// within milliseconds.
const mostBusy = 2 * time.Second

// Start calls start, which starts a program, and again when the kernel answers "text file busy", as it may
// for a program that was written a moment ago, such as a fetched one: another process that was forked
// meanwhile holds the file open for writing until it has executed its own program.
func Start(start func() error) error {
	err := start()
	for wait, waited := time.Millisecond, time.Duration(0); errors.Is(err, syscall.ETXTBSY) &&
		waited < mostBusy; wait *= 2 {
		time.Sleep(wait)
		waited += wait
		err = start()
	}
	return err
}
