package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Prefix begins the paths of all operations.
const Prefix = "/v1"

// operation is one operation of the API, which callers of a role may use.
func operation(role Role, method, path, id, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: Prefix + path, Summary: summary,
		Metadata:        map[string]any{"role": role},
		BodyReadTimeout: -1, // see bodies
		Errors:          []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity},
	}
}
