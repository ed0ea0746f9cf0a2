package tfevents

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields of TensorFlow's tensor.proto and tensor_shape.proto.
const (
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
