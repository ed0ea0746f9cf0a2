package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// appendJSON writes a message of mesos-go as Mesos writes it: fields that are not set are left out
// (mesos-go's own encoder writes null for empty lists), an empty byte string that is set is "", enums are
// their names, numbers have no exponent.
func appendJSON(out []byte, v any) []byte { return appendValue(out, reflect.ValueOf(v)) }

// jsonField is how to write one field of a message.
type jsonField struct {
	index    int
	name     []byte // quoted, with the colon
	required bool
}

var jsonPlans sync.Map // reflect.Type to []jsonField

func planOf(t reflect.Type) []jsonField {
	if p, ok := jsonPlans.Load(t); ok {
		return p.([]jsonField)
	}
	var plan []jsonField
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		plan = append(plan, jsonField{i, []byte(`"` + name + `":`),
			strings.Contains(f.Tag.Get("protobuf"), ",req,")})
	}
	jsonPlans.Store(t, plan)
	return plan
}

func appendValue(out []byte, v reflect.Value) []byte {
	if s, ok := enumName(v); ok {
		return strconv.AppendQuote(out, s)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return appendValue(out, v.Elem())
	case reflect.Struct:
		return appendStruct(out, v)
	case reflect.Slice:
		return appendSlice(out, v)
	case reflect.Map:
		return appendMap(out, v)
	case reflect.Float64, reflect.Float32:
		return strconv.AppendFloat(out, v.Float(), 'f', -1, 64)
	}
	b, err := json.Marshal(v.Interface())
	if err != nil {
		panic(fmt.Sprintf("mesos message holds a %s", v.Type())) // scalars only: cannot happen
	}
	return append(out, b...)
}

func appendStruct(out []byte, v reflect.Value) []byte {
	out = append(out, '{')
	first := true
	for _, f := range planOf(v.Type()) {
		x := v.Field(f.index)
		if !f.required && unset(x) {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = append(out, f.name...)
		out = appendValue(out, x)
	}
	return append(out, '}')
}

// unset tells whether an optional or repeated field is not there. A byte string that is there may be empty.
func unset(x reflect.Value) bool {
	switch x.Kind() {
	case reflect.Slice:
		if x.Type().Elem().Kind() == reflect.Uint8 {
			return x.IsNil()
		}
		return x.Len() == 0
	case reflect.Map:
		return x.Len() == 0
	}
	return x.IsZero()
}

func appendSlice(out []byte, v reflect.Value) []byte {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		out = append(out, '"')
		out = base64.StdEncoding.AppendEncode(out, v.Bytes())
		return append(out, '"')
	}
	out = append(out, '[')
	for i := range v.Len() {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendValue(out, v.Index(i))
	}
	return append(out, ']')
}

func appendMap(out []byte, v reflect.Value) []byte {
	keys := map[string]reflect.Value{}
	for _, k := range v.MapKeys() {
		keys[k.String()] = k
	}
	out = append(out, '{')
	for i, k := range slices.Sorted(maps.Keys(keys)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, k)
		out = append(out, ':')
		out = appendValue(out, v.MapIndex(keys[k]))
	}
	return append(out, '}')
}

// enumName gives an enum value's name; QUOTA_V2 is newer than mesos-go.
func enumName(v reflect.Value) (string, bool) {
	if v.Kind() != reflect.Int32 || v.Type().Name() == "int32" {
		return "", false
	}
	if v.Type() == reflect.TypeFor[mesos.MasterInfo_Capability_Type]() && v.Int() == int64(protocol.QuotaV2) {
		return "QUOTA_V2", true
	}
	s, ok := v.Interface().(fmt.Stringer)
	if !ok {
		return "", false
	}
	return s.String(), true
}

// syntaxError tells where JSON is broken, in the words of Mesos's parser; empty: it is not.
func syntaxError(body []byte) string {
	var any json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(body))
	err := dec.Decode(&any)
	if err == nil {
		if rest := bytes.TrimSpace(body[dec.InputOffset():]); len(rest) == 0 {
			return ""
		}
		return "parsed JSON included non-whitespace trailing characters: " +
			string(bytes.TrimSpace(body[dec.InputOffset():]))
	}
	at := int64(len(body))
	if s, ok := err.(*json.SyntaxError); ok && !strings.Contains(s.Error(), "unexpected end") {
		at = s.Offset - 1
	}
	at = max(0, min(at, int64(len(body))))
	line := 1 + bytes.Count(body[:at], []byte("\n"))
	near, _, _ := bytes.Cut(body[at:], []byte("\n"))
	return fmt.Sprintf("syntax error at line %d near: %s", line, near)
}
