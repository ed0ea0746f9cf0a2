package tensorboard

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// event is what of a tensorflow.Event is read: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto
type event struct {
	step    int64
	scalars []scalar
}

type scalar struct {
	tag   string
	value float64
}

// Numbers of fields, by message of TensorFlow's event.proto, summary.proto, tensor.proto and tensor_shape.proto.
const (
	eventStep    = 2
	eventSummary = 5

	summaryValue = 1

	valueTag    = 1
	valueSimple = 2
	valueTensor = 8

	tensorType    = 1
	tensorShape   = 2
	tensorContent = 4
	tensorFloats  = 5
	tensorDoubles = 6
	tensorInts    = 7
	tensorLongs   = 10

	shapeDimension = 2
	dimensionSize  = 1
)

// Types of elements of tensorflow.DataType.
const (
	typeFloat  = 1
	typeDouble = 2
	typeInt    = 3
	typeLong   = 9
)

// fields calls f with each field of a message: its number, and what it holds as a number or as bytes. It answers false when the
// message is damaged.
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

// parseEvent reads an event; not ok when it is damaged.
func parseEvent(message []byte) (e event, ok bool) {
	whole := true
	ok = fields(message, func(number protowire.Number, word uint64, data []byte) {
		switch number {
		case eventStep:
			e.step = int64(word)
		case eventSummary:
			whole = fields(data, func(number protowire.Number, _ uint64, data []byte) {
				if s, known := parseValue(data); number == summaryValue && known {
					e.scalars = append(e.scalars, s)
				}
			}) && whole
		}
	})
	return e, ok && whole
}

// parseValue is a value of a summary, if it is a scalar.
func parseValue(message []byte) (s scalar, known bool) {
	ok := fields(message, func(number protowire.Number, word uint64, data []byte) {
		switch number {
		case valueTag:
			s.tag = string(data)
		case valueSimple:
			s.value, known = float64(math.Float32frombits(uint32(word))), true
		case valueTensor:
			s.value, known = parseTensor(data)
		}
	})
	return s, ok && known && s.tag != ""
}

// parseTensor is the one element of a tensor.
func parseTensor(message []byte) (value float64, known bool) {
	kind, elements := uint64(0), uint64(1)
	var content []byte
	var typed [tensorLongs + 1]struct { // by field
		word uint64
		data []byte
		set  bool
	}
	ok := fields(message, func(number protowire.Number, word uint64, data []byte) {
		switch number {
		case tensorType:
			kind = word
		case tensorShape:
			elements = shapeElements(data)
		case tensorContent:
			content = data
		case tensorFloats, tensorDoubles, tensorInts, tensorLongs:
			typed[number].word, typed[number].data, typed[number].set = word, data, true
		}
	})
	if !ok || elements != 1 {
		return 0, false
	}
	fixed := func(number, size int) (uint64, bool) {
		data := content
		if t := typed[number]; t.set {
			if data = t.data; data == nil { // not packed
				return t.word, true
			}
		}
		switch {
		case len(data) != size:
			return 0, false
		case size == 4:
			return uint64(binary.LittleEndian.Uint32(data)), true
		}
		return binary.LittleEndian.Uint64(data), true
	}
	varint := func(number, size int) (uint64, bool) {
		t := typed[number]
		if !t.set || t.data == nil {
			return fixed(number, size)
		}
		word, n := protowire.ConsumeVarint(t.data)
		return word, n == len(t.data)
	}
	var word uint64
	switch kind {
	case typeFloat:
		word, known = fixed(tensorFloats, 4)
		value = float64(math.Float32frombits(uint32(word)))
	case typeDouble:
		word, known = fixed(tensorDoubles, 8)
		value = math.Float64frombits(word)
	case typeInt:
		word, known = varint(tensorInts, 4)
		value = float64(int32(word))
	case typeLong:
		word, known = varint(tensorLongs, 8)
		value = float64(int64(word))
	}
	return value, known
}

// shapeElements is how many elements a tensor of a shape has; 0: it is damaged, or far too many.
func shapeElements(message []byte) uint64 {
	elements := uint64(1)
	ok := fields(message, func(number protowire.Number, _ uint64, data []byte) {
		if number != shapeDimension {
			return
		}
		size := uint64(0)
		if !fields(data, func(number protowire.Number, word uint64, _ []byte) {
			if number == dimensionSize {
				size = word
			}
		}) || size > 1 {
			size = 0
		}
		elements *= size
	})
	if !ok {
		return 0
	}
	return elements
}
