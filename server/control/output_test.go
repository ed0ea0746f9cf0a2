package control

import (
	"errors"
	"io/fs"
	"net/http"
	"testing"
)

// What a running attempt writes comes by the socket as it is; a file that there is not, and a process that is not there any more,
// are told as such, and other files are not to be had.
func TestOutput(t *testing.T) {
	_, _, path := open(t)
	out := Output{Client: NewClient(path), Sweep: "s/1", Trial: 2, Attempt: 1}
	if data, err := out.Read(t.Context(), "stdout", 7); err != nil || string(data) != "s/1 2 1 from 7" {
		t.Errorf("%q %v", data, err)
	}
	if _, err := out.Read(t.Context(), "stderr.tail", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that there is not: %v", err)
	}
	var said *Error
	if _, err := out.Read(t.Context(), "stdout", -1); !errors.As(err, &said) || said.Code != http.StatusBadRequest {
		t.Errorf("before the beginning: %v", err)
	}
	out.Client = NewClient(path + "-none")
	if _, err := out.Read(t.Context(), "stdout", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nobody there: %v", err)
	}
}
