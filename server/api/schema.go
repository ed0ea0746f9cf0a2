package api

import (
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// numberSchema is how results.Number looks in JSON.
type numberSchema struct{}

// Schema implements huma.SchemaProvider.
func (numberSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "A number; NaN and the infinities are strings.",
		OneOf: []*huma.Schema{
			{Type: huma.TypeNumber}, {Type: huma.TypeString, Enum: []any{"NaN", "Infinity", "-Infinity"}},
		},
	}
}

// stateSchema is how sweep.State looks in JSON.
type stateSchema struct{}

// Schema implements huma.SchemaProvider.
func (stateSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "State of a trial."}
}

// pointSchema is how sweep.Point looks in JSON.
type pointSchema struct{}

// Schema implements huma.SchemaProvider.
func (pointSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Description: "Parameters by name, in the order of the spec; groups " +
		"are objects.", AdditionalProperties: true}
}

// formerly are packages whose types the document calls by the package that they were once of: its names are a contract.
var formerly = map[string]string{"plan": "server", "accounting": "api", "access": "api"}

// schemaName is what the document calls a type: types of other packages have the package's name before their own.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	own := reflect.TypeFor[API]().PkgPath()
	if of := t.PkgPath(); t.Name() != "" && of != own && strings.Contains(of, "kaon") {
		of = path.Base(of)
		if was, moved := formerly[of]; moved {
			of = was
		}
		if of == path.Base(own) {
			return name
		}
		name = strings.ToUpper(of[:1]) + of[1:] + name
	}
	return name
}

// aliases has the document describe types by what they look like in JSON.
func aliases(r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[results.Number](), reflect.TypeFor[numberSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[sweep.Point](), reflect.TypeFor[pointSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[sweep.State](), reflect.TypeFor[stateSchema]())
}
