package mlflow

import (
	"fmt"
	"net/http"
	"strings"
)

// full is what a client is told when there is no room.
func full() *problem {
	return &problem{http.StatusBadRequest, "RESOURCE_LIMIT_EXCEEDED",
		"a trial may log 8 MiB of runs, parameters and tags to MLflow; files belong into artifacts"}
}

func clip(s string) string {
	const most = 200
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// nothing is the answer of what only changes something.
type nothing struct{}

// problem is what a client is told instead of an answer.
type problem struct {
	status  int
	code    string
	message string
}

func invalid(format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, "INVALID_PARAMETER_VALUE", fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) *problem {
	return &problem{http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", fmt.Sprintf(format, args...)}
}

func exists(format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, "RESOURCE_ALREADY_EXISTS", fmt.Sprintf(format, args...)}
}
