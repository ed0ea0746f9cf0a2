package tfevents

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// summary is an event of one value, whose fields after the tag are given.
func summary(step int64, tag string, value []byte) []byte {
	v := protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), tag)
	v = append(v, value...)
	s := protowire.AppendBytes(protowire.AppendTag(nil, summaryValue, protowire.BytesType), v)
	e := protowire.AppendVarint(protowire.AppendTag(nil, eventStep, protowire.VarintType), uint64(step))
	return protowire.AppendBytes(protowire.AppendTag(e, eventSummary, protowire.BytesType), s)
}

// tensor is a value's tensor of a type, with further fields.
func tensor(kind uint64, rest []byte) []byte {
	t := protowire.AppendVarint(protowire.AppendTag(nil, tensorType, protowire.VarintType), kind)
	return protowire.AppendBytes(protowire.AppendTag(nil, valueTensor, protowire.BytesType), append(t, rest...))
}

// TensorFlow 2 writes scalars as tensors of no dimension.
func TestTensors(t *testing.T) {
	float := binary.LittleEndian.AppendUint32(nil, math.Float32bits(0.25))
	packed := func(field protowire.Number, data []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), data)
	}
	shape := packed(tensorShape, packed(shapeDimension, protowire.AppendVarint(protowire.AppendTag(nil, dimensionSize, protowire.VarintType), 3)))
	for _, c := range []struct {
		value []byte
		want  string
	}{
		{tensor(typeFloat, packed(tensorContent, float)), "0.25"},
		{tensor(typeFloat, packed(tensorFloats, float)), "0.25"},
		{tensor(typeFloat, protowire.AppendFixed32(protowire.AppendTag(nil, tensorFloats, protowire.Fixed32Type), math.Float32bits(2))), "2"},
		{tensor(typeDouble, packed(tensorContent, binary.LittleEndian.AppendUint64(nil, math.Float64bits(1e-300)))), "1e-300"},
		{tensor(typeInt, packed(tensorInts, protowire.AppendVarint(nil, math.MaxUint64-4))), "-5"},
		{tensor(typeLong, packed(tensorContent, binary.LittleEndian.AppendUint64(nil, 1<<40))), "1.099511627776e+12"},
		{tensor(typeFloat, append(shape, packed(tensorContent, float)...)), ""}, // a list
		{tensor(7, packed(8, []byte("text"))), ""},
		{tensor(typeFloat, packed(tensorContent, float[:3])), ""},
	} {
		e, ok := Parse(summary(3, "epoch_loss", c.value))
		got := ""
		if len(e.Scalars) == 1 && e.Scalars[0].Tag == "epoch_loss" {
			got = fmt.Sprint(e.Scalars[0].Value)
		}
		if !ok || e.Step != 3 || got != c.want {
			t.Errorf("%v, %v, want %q", e, ok, c.want)
		}
	}
}

// What is written is read back: wall time, step, tags and values, of single precision; and a damaged byte is noticed.
func TestWrittenEventsAreRead(t *testing.T) {
	events := []Event{
		{Wall: 1.7e9 + 0.125, Step: 0, Scalars: []Scalar{{"loss", 0.5}, {"../../etc/passwd\n", -1}}},
		{Wall: 1, Step: -7, Scalars: []Scalar{{"日本", math.Inf(-1)}}},
		{Step: math.MaxInt64, Scalars: []Scalar{{"x", 0.1}}},
	}
	file := AppendRecord(nil, Version(1))
	for _, e := range events {
		file = AppendRecord(file, Append(nil, e))
	}
	file = AppendRecord(file, SessionStart(1, "3", []Param{{"lr", 0.1}, {"on", true}, {"name", "x"}}))
	file = AppendRecord(file, SessionEnd(2, Failure))
	events[2].Scalars[0].Value = float64(float32(0.1))
	flipped := slices.Clone(file)
	flipped[len(flipped)-6] ^= 1
	read := func(file []byte) (got []Event, err error) {
		for len(file) > 0 {
			length, err := Length(file)
			if err != nil {
				return got, err
			}
			end := HeadSize + int(length) + TailSize
			message, err := Data(file[HeadSize:end])
			if err != nil {
				return got, err
			}
			e, ok := Parse(message)
			if !ok {
				t.Errorf("no event: %q", message)
			}
			if len(e.Scalars) > 0 {
				got = append(got, e)
			}
			file = file[end:]
		}
		return got, nil
	}
	if got, err := read(file); err != nil || fmt.Sprint(got) != fmt.Sprint(events) {
		t.Errorf("%v, %v, want %v", got, err, events)
	}
	if _, err := read(flipped); err != ErrDamaged {
		t.Errorf("a flipped bit: %v", err)
	}
}

// Tags that are no UTF-8 would have a reader refuse the whole file.
func TestTagsAreUTF8(t *testing.T) {
	e, ok := Parse(Append(nil, Event{Scalars: []Scalar{{"a\xffb", 1}}}))
	if !ok || len(e.Scalars) != 1 || e.Scalars[0].Tag != "a\ufffdb" {
		t.Errorf("%v, %v", e.Scalars, ok)
	}
}
