package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results"
)

// nullable has the document say where null stands for what is not there: in fields that are pointers to structs and
// always written, and in lists of numbers with gaps; and which fields come only with an embedded struct.
func nullable(all huma.Registry) {
	null := &huma.Schema{Type: "null"}
	for name, schema := range all.Map() {
		t := all.TypeFromRef("#/components/schemas/" + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, field := range reflect.VisibleFields(t) {
			key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			property := schema.Properties[key]
			// of an embedded one that may not be there
			if len(field.Index) > 1 && t.Field(field.Index[0]).Type.Kind() == reflect.Pointer {
				schema.Required = slices.DeleteFunc(schema.Required, func(name string) bool { return name == key })
			}
			switch pointer := field.Type.Kind() == reflect.Pointer; {
			case property == nil || strings.Contains(options, "omit"):
			case pointer && field.Type.Elem().Kind() == reflect.Struct:
				schema.Properties[key] = &huma.Schema{OneOf: []*huma.Schema{property, null},
					Description: property.Description}
			case field.Type == reflect.TypeFor[[]*results.Number]():
				property.Items = &huma.Schema{OneOf: []*huma.Schema{property.Items, null}}
			}
		}
	}
}
