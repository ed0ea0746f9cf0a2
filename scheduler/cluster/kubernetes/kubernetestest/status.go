package kubernetestest

import (
	"fmt"
	"net/http"
)

// Status is how the API server says that a request failed, or what became of it.
type Status struct {
	Code       int
	Reason     string
	Message    string
	Causes     []any
	RetryAfter int // s
}

func (s *Status) Error() string { return s.Message }

// Object is the status as the API writes it.
func (s *Status) Object() Object {
	o := Object{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
		"message": s.Message, "reason": s.Reason, "code": s.Code,
	}
	details := map[string]any{}
	if s.RetryAfter > 0 {
		details["retryAfterSeconds"] = s.RetryAfter
	}
	if s.Causes != nil {
		details["causes"] = s.Causes
	}
	if len(details) > 0 {
		o["details"] = details
	}
	return o
}

func notFound(k *Kind, name string) *Status {
	return &Status{Code: http.StatusNotFound, Reason: "NotFound",
		Message: fmt.Sprintf("%s %q not found", k.Qualified(), name)}
}

func conflict(k *Kind, name, why string) *Status {
	return &Status{Code: http.StatusConflict, Reason: "Conflict",
		Message: fmt.Sprintf("Operation cannot be fulfilled on %s %q: %s", k.Qualified(), name, why)}
}

func invalid(k *Kind, name, why string) *Status {
	return &Status{Code: http.StatusUnprocessableEntity, Reason: "Invalid",
		Message: fmt.Sprintf("%s %q is invalid: %s", k.Kind, name, why)}
}

func forbidden(k *Kind, name, why string) *Status {
	return &Status{Code: http.StatusForbidden, Reason: "Forbidden",
		Message: fmt.Sprintf("%s %q is forbidden: %s", k.Qualified(), name, why)}
}

func badRequest(format string, args ...any) *Status {
	return &Status{Code: http.StatusBadRequest, Reason: "BadRequest", Message: fmt.Sprintf(format, args...)}
}

func internalError(format string, args ...any) *Status {
	return &Status{Code: http.StatusInternalServerError, Reason: "InternalError",
		Message: "Internal error occurred: " + fmt.Sprintf(format, args...)}
}

func expired(asked, oldest uint64) *Status {
	return &Status{Code: http.StatusGone, Reason: "Expired",
		Message: fmt.Sprintf("too old resource version: %d (%d)", asked, oldest)}
}
