package embedded

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// media is one of the two notations of the v1 API.
type media string

const (
	mediaJSON  media = "application/json"
	mediaProto media = "application/x-protobuf"
)

// message is what mesos-go's generated types can do.
type message interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
	Reset()
	Size() int
}

// readCall reads a call of at most limit bytes in the notation its Content-Type says; the answer is set when it cannot.
func readCall(w http.ResponseWriter, r *http.Request, limit int64, call message) (Answer, bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		return Answer{http.StatusMethodNotAllowed,
			"405 Method Not Allowed. Expecting one of { 'POST' }, but received '" + r.Method + "'."}, false
	}
	given := r.Header.Get("Content-Type")
	if given == "" {
		return badRequest("Expecting 'Content-Type' to be present"), false
	}
	switch media(given) { // word for word, without parameters: so Mesos is
	case mediaJSON, mediaProto:
	default:
		return Answer{http.StatusUnsupportedMediaType,
			"Expecting 'Content-Type' of application/json or application/x-protobuf"}, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return Answer{http.StatusRequestEntityTooLarge, "Failed to read body: " + err.Error()}, false
	}
	return parseCall(media(given), body, call)
}

func parseCall(kind media, body []byte, call message) (Answer, bool) {
	if kind == mediaProto {
		if err := call.Unmarshal(body); err != nil {
			return badRequest("Failed to parse body into Call protobuf"), false
		}
		return Answer{}, true
	}
	if err := syntaxError(body); err != "" {
		return badRequest("Failed to parse body into JSON: %s", err), false
	}
	if err := json.Unmarshal(body, call); err != nil {
		if strings.Contains(err.Error(), "unrecognized enum Call_Type") {
			call.Reset() // Mesos drops enum values it does not know; validation then misses the type
			return Answer{}, true
		}
		return badRequest("Failed to convert JSON into Call protobuf: %v", err), false
	}
	return Answer{}, true
}

// acceptable picks the notation of a stream: JSON when both will do, as Mesos does.
func acceptable(r *http.Request) (media, Answer, bool) {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		return mediaJSON, Answer{}, true
	}
	allows := func(m media) bool {
		for part := range strings.SplitSeq(accept, ",") {
			t, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			if q, err := strconv.ParseFloat(params["q"], 64); err == nil && q == 0 {
				continue
			}
			if t == string(m) || t == "*/*" || t == "application/*" {
				return true
			}
		}
		return false
	}
	for _, m := range []media{mediaJSON, mediaProto} {
		if allows(m) {
			return m, Answer{}, true
		}
	}
	return "", Answer{http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'"}, false
}

// appendRecord appends one message in RecordIO: its length in decimal, a line feed, its bytes.
func appendRecord(out []byte, kind media, m message) ([]byte, error) {
	var body []byte
	if kind == mediaJSON {
		body = appendJSON(nil, m)
	} else {
		var err error
		if body, err = m.Marshal(); err != nil {
			return out, err
		}
	}
	out = strconv.AppendInt(out, int64(len(body)), 10)
	out = append(out, '\n')
	return append(out, body...), nil
}

func reply(w http.ResponseWriter, a Answer) {
	if a.Body != "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body)
}
