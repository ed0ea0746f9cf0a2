package protocol

import (
	"fmt"
	"net/http"
)

// Answer is the HTTP answer to one call.
type Answer struct {
	Status int
	Body   string
}

// Accepted answers a call that was taken: what follows from it comes as events.
var Accepted = Answer{Status: http.StatusAccepted}

// BadRequest answers a call that is wrong in itself.
func BadRequest(format string, args ...any) Answer {
	return Answer{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// Forbidden answers a call that its caller may not make.
func Forbidden(why string) Answer { return Answer{http.StatusForbidden, why} }
