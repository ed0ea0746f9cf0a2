package tfevents

import (
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Event is what of a tensorflow.Event is read:
// https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto
type Event struct {
	Wall    float64 // Unix seconds
	Step    int64
	Scalars []Scalar
}

// Scalar is one value of a summary.
type Scalar struct {
	Tag   string
	Value float64
}

// Numbers of fields, by message of TensorFlow's event.proto and summary.proto.
const (
	eventWall    = 1
	eventStep    = 2
	eventVersion = 3
	eventSummary = 5

	summaryValue = 1

	valueTag      = 1
	valueSimple   = 2
	valueTensor   = 8
	valueMetadata = 9
)

// fields calls f with each field of a message: its number, and what it holds as a number or as bytes. It answers false
// when the message is damaged.
func fields(message []byte, f func(number protowire.Number, word uint64, data []byte)) bool {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		message = message[n:]
		var word uint64
		var data []byte
		switch kind {
		case protowire.VarintType:
			word, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var short uint32
			short, n = protowire.ConsumeFixed32(message)
			word = uint64(short)
		case protowire.Fixed64Type:
			word, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return false
		}
		f(number, word, data)
		message = message[n:]
	}
	return true
}

// Parse reads an event; not ok when it is damaged.
func Parse(message []byte) (e Event, ok bool) {
	whole := true
	ok = fields(message, func(number protowire.Number, word uint64, data []byte) {
		switch number {
		case eventWall:
			e.Wall = math.Float64frombits(word)
		case eventStep:
			e.Step = int64(word)
		case eventSummary:
			whole = fields(data, func(number protowire.Number, _ uint64, data []byte) {
				if s, known := parseValue(data); number == summaryValue && known {
					e.Scalars = append(e.Scalars, s)
				}
			}) && whole
		}
	})
	return e, ok && whole
}

// parseValue is a value of a summary, if it is a scalar.
func parseValue(message []byte) (s Scalar, known bool) {
	ok := fields(message, func(number protowire.Number, word uint64, data []byte) {
		switch number {
		case valueTag:
			s.Tag = string(data)
		case valueSimple:
			s.Value, known = float64(math.Float32frombits(uint32(word))), true
		case valueTensor:
			s.Value, known = parseTensor(data)
		}
	})
	return s, ok && known && s.Tag != ""
}

// Append appends an event as a message. Values are of single precision, as all programs write them that TensorBoard
// reads; a tag is made valid UTF-8, which the format asks for.
func Append(b []byte, e Event) []byte {
	b = appendHead(b, e.Wall)
	b = protowire.AppendVarint(protowire.AppendTag(b, eventStep, protowire.VarintType), uint64(e.Step))
	var summary []byte
	for _, s := range e.Scalars {
		value := appendText(nil, valueTag, s.Tag)
		value = protowire.AppendTag(value, valueSimple, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(s.Value)))
		summary = appendBytes(summary, summaryValue, value)
	}
	return appendBytes(b, eventSummary, summary)
}

// Version is the event that a file begins with.
func Version(wall float64) []byte {
	return appendText(appendHead(nil, wall), eventVersion, "brain.Event:2")
}

func appendHead(b []byte, wall float64) []byte { return appendDouble(b, eventWall, wall) }

func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(v))
}

func appendBytes(b []byte, field protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), data)
}

func appendText(b []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType),
		strings.ToValidUTF8(text, "\ufffd"))
}
