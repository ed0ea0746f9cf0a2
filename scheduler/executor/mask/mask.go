package mask

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text stands where a secret stood.
const Text = "***"

// maskedLine is the length from which a single line of a secret of several lines is masked by itself: as a
// key is printed, line by line.
const maskedLine = 8

// Secrets are values that must not be seen, longest first.
type Secrets struct {
	words [][]byte
	first [256]bool // bytes that a word begins with
}

// New is nil when there is nothing to hide.
func New(values map[string]string) *Secrets {
	s := &Secrets{}
	add := func(text string) {
		if text != "" {
			s.words = append(s.words, []byte(text))
			s.first[text[0]] = true
		}
	}
	for _, value := range values {
		add(value)
		for _, written := range inJSON(value) {
			add(written)
		}
		for line := range strings.Lines(value) {
			if line = strings.TrimRight(line, "\r\n"); line != value && len(line) >= maskedLine {
				add(line)
			}
		}
	}
	if len(s.words) == 0 {
		return nil
	}
	slices.SortFunc(s.words, func(a, b []byte) int { return cmp.Or(len(b)-len(a), bytes.Compare(a, b)) })
	return s
}

// inJSON gives the ways in which programs write a text into JSON, without its quotes, where these are not the
// text itself: as Go does it for HTML and not for it, as PHP does, and as Python does, in ASCII.
func inJSON(text string) (out []string) {
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	html := string(quoted[1 : len(quoted)-1])
	bare := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\\`, `\\`).Replace(html)
	var ascii strings.Builder
	for _, r := range bare {
		switch hi, lo := utf16.EncodeRune(r); {
		case r < utf8.RuneSelf:
			ascii.WriteRune(r)
		case hi == utf8.RuneError:
			fmt.Fprintf(&ascii, `\u%04x`, r)
		default:
			fmt.Fprintf(&ascii, `\u%04x\u%04x`, hi, lo)
		}
	}
	for _, written := range []string{html, bare, ascii.String()} {
		for _, slash := range []string{written, strings.ReplaceAll(written, "/", `\/`)} {
			if slash != text && !slices.Contains(out, slash) {
				out = append(out, slash)
			}
		}
	}
	return out
}

// escaped are the escapes of JSON.
var escaped = regexp.MustCompile(`\\(u[0-9a-fA-F]{4}|["\\/bfnrt])`)

// MaskEscaped is Mask for text that may hold pieces of JSON: where it has a secret once its escapes are
// decoded, nothing of it is left.
func (s *Secrets) MaskEscaped(text string) string {
	if s == nil {
		return text
	}
	decoded := escaped.ReplaceAllStringFunc(text, func(e string) string {
		var c string
		if json.Unmarshal([]byte(`"`+e+`"`), &c) != nil {
			return e
		}
		return c
	})
	if decoded = Readable(decoded); decoded != text && s.Mask(decoded) != decoded {
		return Text
	}
	return s.Mask(text)
}

// Mask replaces the secrets in a text.
func (s *Secrets) Mask(text string) string {
	if s == nil {
		return text
	}
	out, _ := s.Scan(nil, []byte(text), true)
	return string(out)
}

// MaskJSON masks the secrets in the texts and names of a JSON value, as they are when they are read: JSON may
// write any character by an escape. A number's digits are masked before, as they stand.
func (s *Secrets) MaskJSON(value []byte) []byte {
	if s == nil || bytes.IndexByte(value, '\\') < 0 {
		return value // what has no escapes has been masked as it stood
	}
	var out []byte
	for at := 0; at < len(value); {
		if value[at] != '"' {
			out = append(out, value[at])
			at++
			continue
		}
		end := at + 1
		for end < len(value) && value[end] != '"' {
			if value[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(value))
		out = append(out, s.maskString(value[at:end])...)
		at = end
	}
	return out
}

// maskString masks a text of JSON, with its quotes. One without secrets stays as it is written.
func (s *Secrets) maskString(quoted []byte) []byte {
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return []byte(`"` + Text + `"`)
	}
	masked := s.Mask(text)
	// What terminals do not show can part a secret.
	if shown := s.Mask(Readable(text)); masked == text && shown != Readable(text) {
		masked = shown
	}
	if masked == text {
		return quoted
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(masked) != nil {
		return []byte(`"` + Text + `"`)
	}
	return bytes.TrimSpace(out.Bytes())
}

// Scan appends data with its secrets masked to out. Unless it is the last of a stream, what may be the
// beginning of a secret is given back instead.
func (s *Secrets) Scan(out, data []byte, last bool) (masked, rest []byte) {
	from := 0
	for i := 0; i < len(data); {
		if !s.first[data[i]] && data[i] != '\\' {
			i++
			continue
		}
		n, open := s.match(data[i:])
		switch {
		case open && !last:
			return append(out, data[from:i]...), data[i:]
		case n > 0:
			out = append(append(out, data[from:i]...), Text...)
			i += n
			from = i
		default:
			i++
		}
	}
	return append(out, data[from:]...), nil
}

// match is the length of the longest secret that data begins with, 0 for none; open when a longer one may.
func (s *Secrets) match(data []byte) (n int, open bool) {
	for _, w := range s.words {
		for _, escapesFirst := range []bool{false, true} {
			m, cut := written(w, data, escapesFirst)
			if m > 0 {
				return m, open
			}
			open = open || cut
		}
	}
	return 0, open
}

// Stream masks a stream that comes in chunks. Without secrets it costs nothing.
type Stream struct {
	Secrets *Secrets
	Use     func([]byte) // must not keep what it is given
	pending []byte       // what may be the beginning of a secret
	out     []byte
}

// Feed takes a chunk, and gives what is certain to Use.
func (m *Stream) Feed(chunk []byte) {
	if m.Secrets == nil {
		m.Use(chunk)
		return
	}
	m.pending = append(m.pending, chunk...)
	m.pass(false)
}

// Flush gives the rest to Use: the stream has ended.
func (m *Stream) Flush() {
	if len(m.pending) > 0 {
		m.pass(true)
	}
}

func (m *Stream) pass(last bool) {
	var rest []byte
	m.out, rest = m.Secrets.Scan(m.out[:0], m.pending, last)
	m.pending = append(m.pending[:0], rest...)
	if len(m.out) > 0 {
		m.Use(m.out)
	}
}
