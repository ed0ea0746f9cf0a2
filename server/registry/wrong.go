package registry

import (
	"errors"
	"fmt"
)

// ErrWrong: what was asked is wrong.
var ErrWrong = errors.New("what was asked is wrong")

// wrong is what somebody got wrong who asks: an ErrWrong that says no more than what that is.
type wrong struct{ error }

// Is implements what errors.Is asks for.
func (w *wrong) Is(target error) bool { return target == ErrWrong }

func (w *wrong) Unwrap() error { return w.error }

func wrongf(format string, args ...any) error { return &wrong{fmt.Errorf(format, args...)} }
