package api

import (
	"maps"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// describe completes the document by what all operations have in common: how answers look that are no success, and what
// middleware answers.
func (a *API) describe() {
	doc := a.huma.OpenAPI()
	nullable(doc.Components.Schemas)
	wrong := map[string]*huma.MediaType{"application/problem+json": {
		Schema: doc.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem"),
	}}
	for _, item := range doc.Paths {
		for method, op := range operationsOf(item) {
			for code, rs := range op.Responses {
				if code >= "400" && code < "600" {
					rs.Content = wrong
				}
			}
			op.Responses["default"] = &huma.Response{Description: "What is wrong, and what helps", Content: wrong}
			if method == http.MethodGet {
				op.Responses["304"] = &huma.Response{Description: "The caller has it, by its ETag"}
			}
		}
	}
}

// operationsOf are the operations of a path, by method.
func operationsOf(item *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch,
		http.MethodDelete: item.Delete,
	}
	maps.DeleteFunc(all, func(_ string, op *huma.Operation) bool { return op == nil })
	return all
}

// also has an operation answer like its usual success with another code, too.
func (a *API) also(method, path, usual, code, description string) {
	op := operationsOf(a.huma.OpenAPI().Paths[Prefix+path])[method]
	op.Responses[code] = &huma.Response{Description: description, Content: op.Responses[usual].Content}
}

// contentOf is what a streamed answer is of.
func contentOf(contentType string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		contentType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}}
}
