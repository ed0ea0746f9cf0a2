package recordio_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
)

func ExampleReader() {
	r := recordio.NewReader(strings.NewReader("5\nhello0\n3\nyou"), 1<<20)
	for {
		record, err := r.Read()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", record)
	}
	// Output:
	// hello
	// you
	// EOF
}

func TestRecordsComeBackByteByByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 1, 300)).Draw(t, "records")
		var stream []byte
		for _, r := range records {
			stream = recordio.Append(stream, r)
		}
		r := recordio.NewReader(iotest.OneByteReader(bytes.NewReader(stream)), 300)
		for i, want := range records {
			got, err := r.Read()
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("record %d: got %q, %v, want %q", i, got, err, want)
			}
		}
		if _, err := r.Read(); err != io.EOF {
			t.Fatalf("at the end: %v", err)
		}
		if len(stream) == 0 {
			return
		}
		cut := recordio.NewReader(bytes.NewReader(stream[:len(stream)-1]), 300)
		var err error
		for err == nil {
			_, err = cut.Read()
		}
		if err != io.ErrUnexpectedEOF {
			t.Fatalf("a stream cut inside a record ended with %v", err)
		}
	})
}

func TestRefusals(t *testing.T) {
	for in, want := range map[string]error{
		"x\nabc":                     recordio.ErrLength,
		"-1\n":                       recordio.ErrLength,
		"\n":                         recordio.ErrLength,
		"99999999999999999999\n":     recordio.ErrLength,
		"999999999999999999999999\n": recordio.ErrLength,
		"101\n":                      recordio.ErrTooLong,
		"7":                          io.ErrUnexpectedEOF,
		"7\nabc":                     io.ErrUnexpectedEOF,
		"7\n":                        io.ErrUnexpectedEOF,
	} {
		if _, err := recordio.NewReader(strings.NewReader(in), 100).Read(); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", in, err, want)
		}
	}
}

func TestAPromiseCostsNoMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := recordio.NewReader(strings.NewReader("1000000000\nabc"), 1<<30).Read()
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; err != io.ErrUnexpectedEOF || grown > 4<<20 {
		t.Fatalf("%v after %d bytes", err, grown)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("5\nhello0\n3\nyou"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(in io.Reader) (out [][]byte, err error) {
			r := recordio.NewReader(in, 1000)
			for {
				b, err := r.Read()
				if err != nil {
					return out, err
				}
				out = append(out, bytes.Clone(b))
			}
		}
		whole, err := read(bytes.NewReader(data))
		bytewise, err2 := read(iotest.OneByteReader(bytes.NewReader(data)))
		if fmt.Sprint(whole, err) != fmt.Sprint(bytewise, err2) {
			t.Fatalf("read at once: %v %v\nbyte by byte: %v %v", whole, err, bytewise, err2)
		}
	})
}

// TestWhole cuts a stream of two records at every byte.
func TestWhole(t *testing.T) {
	stream := recordio.Append(recordio.Append(nil, []byte("one")), []byte("twenty-two"))
	for cut := range len(stream) + 1 {
		r := recordio.NewReader(bytes.NewReader(stream[:cut]), 100)
		if r.Buffered() {
			t.Fatal("a record is there before anything was read")
		}
		if _, err := r.Read(); err != nil {
			continue
		}
		if got := r.Buffered(); got != (cut == len(stream)) {
			t.Errorf("%q after the first record: %v", stream[:cut], got)
		}
		if _, err := r.Read(); err == nil && r.Buffered() {
			t.Error("a record is there behind the last")
		}
	}
}
