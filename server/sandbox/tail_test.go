package sandbox

import (
	"bytes"
	"context"
	"io/fs"
	"testing"

	"pgregory.net/rapid"
)

// rotating keeps a stream in pieces as the executor does.
type rotating struct {
	head, tail int
	files      map[string][]byte
}

func (r *rotating) write(text []byte) {
	for _, b := range text {
		name, room := "out", r.head
		if _, turned := r.files["out.tail"]; turned || len(r.files["out"]) >= r.head {
			name, room = "out.tail", r.tail
		}
		if name == "out.tail" && len(r.files[name]) >= room {
			r.files["out.tail.1"], r.files[name] = r.files[name], nil
		}
		r.files[name] = append(r.files[name], b)
	}
}

func (r *rotating) Read(_ context.Context, name string, offset int64) ([]byte, error) {
	data, ok := r.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return data[min(int(offset), len(data)):], nil
}

// A tail that looks often enough prints each byte once, however the stream is cut and rotated.
func TestTailPrintsEachByteOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &rotating{head: rapid.IntRange(1, 20).Draw(t, "head"), tail: 16, files: map[string][]byte{}}
		tail := &Tail{From: r, Stream: "out"}
		var want, got bytes.Buffer
		for i := range rapid.IntRange(0, 30).Draw(t, "writes") {
			text := bytes.Repeat([]byte{byte('a' + i%26)}, rapid.IntRange(0, 8).Draw(t, "bytes"))
			r.write(text)
			want.Write(text)
			if err := tail.Copy(context.Background(), &got); err != nil {
				t.Fatal(err)
			}
		}
		if got.String() != want.String() {
			t.Fatalf("printed %q of %q", got.String(), want.String())
		}
	})
}
