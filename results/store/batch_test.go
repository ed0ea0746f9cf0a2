package store_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// sample is one record with every field set.
func sample() results.Record {
	return results.Record{Sweep: "s", Trial: 1, Attempt: 2, First: 3,
		Points: []results.Point{{Step: -1, Millis: 5, Metrics: map[string]float64{"a": 1, "b": math.Inf(-1)}}, {Step: 2}},
		End: &results.End{State: sweep.AttemptFailed, Final: true, Points: 5, Exit: -1, Signal: 9, Reason: "r", Stderr: []string{"x", "\xff\x00"},
			Agent: "h", Sandbox: "/s", StartMs: 1, EndMs: 2, Params: json.RawMessage(`{"b":1,"a":2}`), Seed: math.MaxUint64}}
}

func encode(t testing.TB, records ...results.Record) []byte {
	t.Helper()
	batch, err := store.Encode(records)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func TestBatchRoundTrip(t *testing.T) {
	var many []results.Record
	for i := range 1000 {
		r := sample()
		r.Trial = i
		many = append(many, r)
	}
	for _, records := range [][]results.Record{nil, {sample()}, many} {
		got, err := store.Decode(encode(t, records...))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, records) {
			t.Fatalf("%d records came back as\n%+v", len(records), got[:min(len(got), 2)])
		}
	}
	nan := sample()
	nan.Points[0].Metrics["a"] = math.NaN()
	got, err := store.Decode(encode(t, nan))
	if err != nil || !math.IsNaN(got[0].Points[0].Metrics["a"]) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestEqualRecordsAreEqualBytes(t *testing.T) {
	r := sample()
	r.Points[0].Metrics = map[string]float64{}
	for i := range 30 {
		r.Points[0].Metrics[fmt.Sprint("metric ", i)] = float64(i)
	}
	for range 10 {
		if !bytes.Equal(encode(t, r), encode(t, r)) {
			t.Fatal("the same record was encoded in two ways")
		}
	}
}

// Every prefix of a batch is refused as cut short, every changed byte as damage or as another version.
func TestDamageIsFound(t *testing.T) {
	batch := encode(t, sample(), sample())
	for n := range batch {
		if _, err := store.Decode(batch[:n]); !errors.Is(err, store.ErrTruncated) {
			t.Fatalf("%d of %d bytes: %v", n, len(batch), err)
		}
	}
	for i := range batch {
		for _, flip := range []byte{1, 0x80, 0xff} {
			damaged := bytes.Clone(batch)
			damaged[i] ^= flip
			_, err := store.Decode(damaged)
			if !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrTruncated) && !errors.Is(err, store.ErrVersion) {
				t.Fatalf("byte %d changed: %v", i, err)
			}
		}
	}
	if _, err := store.Decode(append(bytes.Clone(batch), 0)); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a byte too many: %v", err)
	}
	batch[15] = 2
	if _, err := store.Decode(batch); !errors.Is(err, store.ErrVersion) || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("version 2: %v", err)
	}
}

// forge is a batch with a right checksum around any content.
func forge(raw []byte, count, rawLen uint32) []byte {
	zip, _ := zstd.NewWriter(nil)
	out := zip.EncodeAll(raw, make([]byte, 32))
	le := binary.LittleEndian
	le.PutUint32(out[0:], 0x184D2A5B)
	le.PutUint32(out[4:], 24)
	copy(out[8:], "kaonrec\x01")
	le.PutUint32(out[16:], count)
	le.PutUint32(out[20:], rawLen)
	le.PutUint32(out[24:], uint32(len(out)-32))
	table := crc32.MakeTable(crc32.Castagnoli)
	le.PutUint32(out[28:], crc32.Update(crc32.Checksum(out[8:28], table), table, out[32:]))
	return out
}

// A batch made to hurt must be refused, or cost no more than the bound says: 50 times MaxBatch.
func TestHostileLengths(t *testing.T) {
	record := append([]byte{0x81, 0xa6}, "points"...)
	array := func(n uint32) []byte { return binary.BigEndian.AppendUint32(append(bytes.Clone(record), 0xdd), n) }
	zeros := make([]byte, 16<<20)
	points := bytes.Repeat([]byte{0x81, 0xa1, 'm', 0x81, 0xa0, 0}, store.MaxBatch/24)
	for name, batch := range map[string][]byte{
		"4 billion points":       forge(array(math.MaxUint32), 1, uint32(len(record)+5)),
		"16 MB of zeros":         forge(zeros, 1, 16<<20),
		"zeros beyond the claim": forge(zeros, 1, 100),
		"4 billion records":      forge(nil, math.MaxUint32, 0),
		"long string":            forge(binary.BigEndian.AppendUint32([]byte{0x81, 0xdb}, math.MaxUint32), 1, 6),
		"deep nesting":           forge(append([]byte{0x81, 0xa1, 'x'}, bytes.Repeat([]byte{0x91}, 1<<20)...), 1, 3+1<<20),
		"smallest points":        forge(append(array(uint32(len(points)/6)), points...), 1, uint32(len(points)+len(record)+5)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := store.Decode(batch)
		runtime.ReadMemStats(&after)
		if name != "smallest points" && !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		limit := uint64(100 << 20)
		if name == "smallest points" {
			limit = 25 * store.MaxBatch // allocated in all by a quarter of a batch; half of it is garbage of growing slices
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > limit {
			t.Errorf("%s: allocated %d MB", name, used>>20)
		}
	}
}

func TestRecordBeyondTheBound(t *testing.T) {
	p := store.NewPacker()
	if err := p.Add(sample()); err != nil {
		t.Fatal(err)
	}
	big := sample()
	big.End.Stderr = []string{strings.Repeat("x", store.MaxBatch)}
	if err := p.Add(big); !errors.Is(err, store.ErrTooLarge) {
		t.Fatal(err)
	}
	got, err := store.Decode(p.Pack())
	if err != nil || !reflect.DeepEqual(got, []results.Record{sample()}) {
		t.Errorf("the batch holds %v, %v", got, err)
	}
}

// A batch is a file for zstd: its own header is a skippable frame.
func TestBatchIsZstd(t *testing.T) {
	batch := encode(t, sample())
	dec, err := zstd.NewReader(bytes.NewReader(batch))
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(dec); err != nil || !bytes.Contains(plain.Bytes(), []byte("\xa5sweep\xa1s")) {
		t.Errorf("%q, %v", plain.Bytes(), err)
	}
	tool, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("the zstd command is not installed; the library agrees")
	}
	file := t.TempDir() + "/0.msgpack.zst"
	if err := os.WriteFile(file, batch, 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "-dc", file).Output(); err != nil || !bytes.Equal(out, plain.Bytes()) {
		t.Errorf("zstd -dc says %q, %v", out, err)
	}
}

// Any bytes: no panic, no error but ours, and what decodes encodes to what decodes the same.
func FuzzDecode(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add(encode(f))
	f.Add(forge([]byte("\x81\xa6points\xdd\xff\xff\xff\xff"), 1, 13))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, batch := range [][]byte{data, forge(data, 1, uint32(len(data)))} {
			records, err := store.Decode(batch)
			if err != nil {
				if !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrTruncated) && !errors.Is(err, store.ErrVersion) {
					t.Fatalf("foreign error %v", err)
				}
				continue
			}
			again := encode(t, records...)
			back, err := store.Decode(again)
			if err != nil || !bytes.Equal(encode(t, back...), again) {
				t.Fatalf("decoded again: %v", err)
			}
		}
	})
}

func TestNumberRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		text, err := json.Marshal(results.Number(f))
		if err != nil {
			t.Fatal(err)
		}
		var back results.Number
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if math.Float64bits(float64(back)) != math.Float64bits(f) && !(math.IsNaN(f) && math.IsNaN(float64(back))) {
			t.Fatalf("%x became %s and %x", math.Float64bits(f), text, math.Float64bits(float64(back)))
		}
	})
	for _, bad := range []string{`"nan"`, `null`, `true`, `"1"`, `{}`} {
		if n := new(results.Number); json.Unmarshal([]byte(bad), n) == nil && bad != "null" {
			t.Errorf("%s was read as %v", bad, *n)
		}
	}
}
