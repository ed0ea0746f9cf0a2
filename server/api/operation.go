package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
)

// Prefix begins the paths of all operations.
const Prefix = "/v1"

// operation is one operation of the API, which callers of a role may use.
func operation(role access.Role, method, path, id, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: Prefix + path, Summary: summary,
		Metadata:        map[string]any{"role": role},
		BodyReadTimeout: -1, // see bodies
		Errors:          []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity},
	}
}

// relieving marks an operation that ends work or keeps it from beginning, so that it is taken, as deletions are, while
// the audit log cannot be written.
func relieving(op huma.Operation) huma.Operation {
	op.Metadata["relieving"] = true
	return op
}

// relieves tells whether an operation is a deletion, or marked by relieving.
func relieves(op *huma.Operation) bool {
	return op.Method == http.MethodDelete || op.Metadata["relieving"] == true
}

// endless tells whether an answer may wait for what is yet to happen.
func endless(ctx huma.Context) bool {
	path := ctx.Operation().Path
	return strings.HasSuffix(path, "/events") || strings.HasSuffix(path, "/logs") && ctx.Query("follow") != ""
}
