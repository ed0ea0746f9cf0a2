package api

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
)

// Media is one of the two notations of the v1 API.
type Media string

// The notations, by their media types.
const (
	JSON     Media = "application/json"
	Protobuf Media = "application/x-protobuf"
)

// Message is what mesos-go's generated types can do.
type Message interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
	Reset()
	Size() int
}

// ReadCall reads a call of at most limit bytes in the notation its Content-Type says; the answer is set when
// it cannot.
func ReadCall(w http.ResponseWriter, r *http.Request, limit int64, call Message) (protocol.Answer, bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		return protocol.Answer{Status: http.StatusMethodNotAllowed,
			Body: "405 Method Not Allowed. Expecting one of { 'POST' }, but received '" + r.Method + "'."}, false
	}
	given := r.Header.Get("Content-Type")
	if given == "" {
		return protocol.BadRequest("Expecting 'Content-Type' to be present"), false
	}
	switch Media(given) { // word for word, without parameters: so Mesos is
	case JSON, Protobuf:
	default:
		return protocol.Answer{Status: http.StatusUnsupportedMediaType,
			Body: "Expecting 'Content-Type' of application/json or application/x-protobuf"}, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return protocol.Answer{Status: http.StatusRequestEntityTooLarge,
			Body: "Failed to read body: " + err.Error()}, false
	}
	return parseCall(Media(given), body, call)
}

func parseCall(kind Media, body []byte, call Message) (protocol.Answer, bool) {
	if kind == Protobuf {
		if err := call.Unmarshal(body); err != nil {
			return protocol.BadRequest("Failed to parse body into Call protobuf"), false
		}
		return protocol.Answer{}, true
	}
	if err := syntaxError(body); err != "" {
		return protocol.BadRequest("Failed to parse body into JSON: %s", err), false
	}
	if err := json.Unmarshal(body, call); err != nil {
		if strings.Contains(err.Error(), "unrecognized enum Call_Type") {
			call.Reset() // Mesos drops enum values it does not know; validation then misses the type
			return protocol.Answer{}, true
		}
		return protocol.BadRequest("Failed to convert JSON into Call protobuf: %v", err), false
	}
	return protocol.Answer{}, true
}

// Acceptable picks the notation of a stream: JSON when both will do, as Mesos does.
func Acceptable(r *http.Request) (Media, protocol.Answer, bool) {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		return JSON, protocol.Answer{}, true
	}
	allows := func(m Media) bool {
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
	for _, m := range []Media{JSON, Protobuf} {
		if allows(m) {
			return m, protocol.Answer{}, true
		}
	}
	return "", protocol.Answer{Status: http.StatusNotAcceptable,
		Body: "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'"}, false
}

// appendRecord appends one message in RecordIO.
func appendRecord(out []byte, kind Media, m Message) ([]byte, error) {
	var body []byte
	if kind == JSON {
		body = appendJSON(nil, m)
	} else {
		var err error
		if body, err = m.Marshal(); err != nil {
			return out, err
		}
	}
	return recordio.Append(out, body), nil
}

// ReplyMessage writes a message as the answer to a call that was taken.
func ReplyMessage(w http.ResponseWriter, kind Media, m Message) {
	body := []byte(nil)
	if kind == JSON {
		body = appendJSON(nil, m)
	} else {
		var err error
		if body, err = m.Marshal(); err != nil {
			Reply(w, protocol.Answer{Status: http.StatusInternalServerError, Body: err.Error()})
			return
		}
	}
	w.Header().Set("Content-Type", string(kind))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// Reply writes an answer.
func Reply(w http.ResponseWriter, a protocol.Answer) {
	if a.Body != "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body)
}
