package relay

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// name is what the relay is called by, which nobody calls a program by otherwise.
const name = "kaon-relay"

// Self is the file to start, whatever became of its name.
const Self = "/proc/self/exe"

// ReportFile is the descriptor that the relay writes to; it is closed when the program is executed.
const ReportFile = 3

// entered is what the relay writes when it is in the folder.
const entered = 'd'

// Argv is what to start Self with, in any folder, for a program in a folder. The file is absolute or as seen from
// there.
func Argv(folder, file string, argv []string) []string {
	return append([]string{name, folder, file}, argv...)
}

// A process that is to be a relay is one before its main function.
func init() {
	if len(os.Args) >= 4 && os.Args[0] == name {
		relay(os.Args[1], os.Args[2], os.Args[3:])
	}
}

func relay(folder, file string, argv []string) {
	syscall.CloseOnExec(ReportFile)
	err := syscall.Chdir(folder)
	if err == nil {
		_, _ = syscall.Write(ReportFile, []byte{entered})
		err = proc.Start(func() error { return syscall.Exec(file, argv, syscall.Environ()) })
	}
	errno := syscall.EINVAL
	_ = errors.As(err, &errno)
	_, _ = syscall.Write(ReportFile, binary.LittleEndian.AppendUint32(nil, uint32(errno)))
	os.Exit(127)
}

// Await reads what a relay reports, to its end: nil when the program was executed, else a syscall.Errno, or an error of
// reading it, as when the deadline of the report has passed. In says whether the relay came as far as into the folder.
func Await(report io.Reader) (in bool, err error) {
	var said [5]byte
	n, err := io.ReadFull(report, said[:])
	text := said[:n]
	if n > 0 && text[0] == entered {
		in, text = true, text[1:]
	}
	switch {
	case len(text) == 4:
		return in, syscall.Errno(binary.LittleEndian.Uint32(text))
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return in, nil // it has become the program, or was killed on its way there, which its end tells
	}
	return in, err
}
