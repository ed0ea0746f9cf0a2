package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// judge holds answers against the committed document, by a validator that knows nothing of how the document is made.
type judge struct {
	operations []judged
	schemas    map[string]json.RawMessage
	mu         sync.Mutex
	resolved   map[string]*jsonschema.Resolved
}

type judged struct {
	method, path string
	of           *regexp.Regexp
	op           docOperation
}

type docOperation struct {
	ID         string                 `json:"operationId"`
	Parameters []docParameter         `json:"parameters"`
	Body       *docContent            `json:"requestBody"`
	Responses  map[string]*docContent `json:"responses"`
}

type docParameter struct {
	Name, In string
	Schema   json.RawMessage
}

type docContent struct {
	Content map[string]struct{ Schema json.RawMessage }
}

// theJudge reads the document once.
var theJudge = sync.OnceValues(func() (*judge, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "openapi.json"))
	if err != nil {
		return nil, err
	}
	var doc struct {
		Paths      map[string]map[string]docOperation
		Components struct{ Schemas map[string]json.RawMessage }
	}
	// references are of the document; a schema that stands alone has its own definitions
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(text), "#/components/schemas/", "#/$defs/")), &doc); err != nil {
		return nil, err
	}
	j := &judge{schemas: doc.Components.Schemas, resolved: map[string]*jsonschema.Resolved{}}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		pattern := regexp.MustCompile(`\\{[a-z]+\\.\\.\\.\\}`).ReplaceAllString(regexp.QuoteMeta(path), ".+")
		pattern = regexp.MustCompile(`\\{[a-z]+\\}`).ReplaceAllString(pattern, "[^/]+")
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			j.operations = append(j.operations, judged{strings.ToUpper(method), path, regexp.MustCompile("^" + pattern + "$"), doc.Paths[path][method]})
		}
	}
	return j, nil
})

// find is the operation that a request is of; nil: none.
func (j *judge) find(method, path string) *judged {
	path, _, _ = strings.Cut(path, "?")
	for i := range j.operations {
		if one := &j.operations[i]; one.method == method && one.of.MatchString(path) {
			return one
		}
	}
	return nil
}

// check says in what an answer is not as the document has it.
func (j *judge) check(op *judged, rs *http.Response, body []byte) error {
	if rs.StatusCode >= 500 {
		return fmt.Errorf("%d", rs.StatusCode)
	}
	said, known := op.op.Responses[strconv.Itoa(rs.StatusCode)]
	if !known {
		said, known = op.op.Responses["default"]
	}
	switch {
	case !known:
		return fmt.Errorf("status %d is not in the document", rs.StatusCode)
	case len(said.Content) == 0 && len(body) > 0:
		return fmt.Errorf("status %d has a body, and none in the document", rs.StatusCode)
	case len(said.Content) == 0:
		return nil
	}
	kind, _, err := mime.ParseMediaType(rs.Header.Get("Content-Type"))
	media, known := said.Content[kind]
	if err != nil || !known {
		return fmt.Errorf("status %d is %q, and in the document %v", rs.StatusCode, kind, slices.Collect(maps.Keys(said.Content)))
	}
	if !strings.HasSuffix(kind, "json") {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	schema, err := j.schema(media.Schema)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func (j *judge) schema(text json.RawMessage) (*jsonschema.Resolved, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if known := j.resolved[string(text)]; known != nil {
		return known, nil
	}
	var schema, definitions = new(jsonschema.Schema), map[string]*jsonschema.Schema{}
	if err := json.Unmarshal(text, schema); err != nil {
		return nil, err
	}
	for name, text := range j.schemas {
		one := new(jsonschema.Schema)
		if err := json.Unmarshal(text, one); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		definitions[name] = one
	}
	schema.Defs = definitions
	resolved, err := schema.Resolve(nil)
	if err == nil {
		j.resolved[string(text)] = resolved
	}
	return resolved, err
}

// judge holds an answer of this world against the document.
func (w *world) judge(method, path string, rs *http.Response, body []byte) {
	w.t.Helper()
	j, err := theJudge()
	if err != nil {
		w.t.Fatal(err)
	}
	op := j.find(method, path)
	if op == nil || rs.StatusCode == http.StatusMovedPermanently || rs.StatusCode == http.StatusTemporaryRedirect {
		return
	}
	if err := j.check(op, rs, body); err != nil {
		w.t.Errorf("%s %s answers outside the document: %v\n%.2000s", method, path, err, body)
	}
}
