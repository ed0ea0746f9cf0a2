package fault

import "errors"

// Kind says what an error asks of whoever gets it.
type Kind int

// The kinds. An error without one is none of these: something went wrong that nobody foresaw.
const (
	KindUsage       Kind = iota + 1 // what was asked for has to be changed, or what it needs is not there
	KindUnreachable                 // cluster, bucket or state cannot be reached, or not be read
)

// Error is an error with its kind; the text is that of Err.
type Error struct {
	Kind Kind
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap answers Err.
func (e *Error) Unwrap() error { return e.Err }

// Usage gives an error its kind.
func Usage(err error) error { return &Error{KindUsage, err} }

// Unreachable gives an error its kind.
func Unreachable(err error) error { return &Error{KindUnreachable, err} }

// KindOf is the kind of an error, the outermost of several; 0: it has none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}
