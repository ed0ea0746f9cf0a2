package testkit

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// OpenTerminal opens a pseudo terminal: what a program has as its terminal, and the side of who sits before it.
func OpenTerminal(columns, rows uint16) (program, person *os.File, err error) {
	person, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(person.Fd())
	number := 0
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
		if number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN); err == nil {
			if err = ResizeTerminal(person, columns, rows); err == nil {
				program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
			}
		}
	}
	if err != nil {
		person.Close()
		return nil, nil, err
	}
	return program, person, nil
}

// ResizeTerminal makes its window so large.
func ResizeTerminal(person *os.File, columns, rows uint16) error {
	return unix.IoctlSetWinsize(int(person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns})
}
