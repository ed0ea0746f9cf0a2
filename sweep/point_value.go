package sweep

import (
	"strconv"
	"strings"
)

// PointValue is one parameter of a point that is written as JSON, by the name that Point.Flat gives it; nil: there is
// none of that name. It makes nothing of the others, which is most of what reading a point costs. Not sure: the text
// has something that it does not read, as escapes, and the point must be read whole.
func PointValue(text []byte, name string) (v Value, sure bool) {
	s := scanner{text: text}
	v, found := s.object(name)
	s.space()
	return v, !s.strange && (found || s.at == len(text))
}

// scanner reads JSON from its beginning.
type scanner struct {
	text    []byte
	at      int
	strange bool // it came to something that it does not read
}

func (s *scanner) space() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\n' || s.text[s.at] == '\t' ||
		s.text[s.at] == '\r') {
		s.at++
	}
}

// take passes over a byte, if it is the next, and spaces before it.
func (s *scanner) take(b byte) bool {
	if s.space(); s.at < len(s.text) && s.text[s.at] == b {
		s.at++
		return true
	}
	return false
}

// word reads a string that is written as it is.
func (s *scanner) word() []byte {
	if !s.take('"') {
		s.strange = true
		return nil
	}
	for from := s.at; s.at < len(s.text); s.at++ {
		switch b := s.text[s.at]; {
		case b == '"':
			s.at++
			return s.text[from : s.at-1]
		case b == '\\' || b < ' ' || b >= 0x80:
			s.strange = true
			return nil
		}
	}
	s.strange = true
	return nil
}

// object reads an object until it has the parameter, or to its end.
func (s *scanner) object(name string) (v Value, found bool) {
	if !s.take('{') {
		s.strange = true
		return nil, false
	}
	if s.take('}') {
		return nil, false
	}
	for {
		key := s.word()
		if s.strange || !s.take(':') {
			s.strange = true
			return nil, false
		}
		s.space()
		rest, within := strings.CutPrefix(name, string(key))
		switch {
		case s.at == len(s.text):
			s.strange = true
		case s.text[s.at] == '{' && within && rest == "": // only an empty group has a value of its own
			s.strange = true
		case s.text[s.at] == '{' && within && rest[0] == '.':
			v, found = s.object(rest[1:])
		case within && rest == "":
			v, found = s.value(), true
		default:
			s.skip(0)
		}
		if s.strange || found {
			return v, found
		}
		if s.take(',') {
			continue
		}
		if !s.take('}') {
			s.strange = true
		}
		return nil, false
	}
}

// value reads a word, a number, true or false.
func (s *scanner) value() Value {
	if s.text[s.at] == '"' {
		return string(s.word())
	}
	from := s.at
	for s.at < len(s.text) && strings.IndexByte(",}] \n\t\r", s.text[s.at]) < 0 {
		s.at++
	}
	switch text := string(s.text[from:s.at]); {
	case text == "true":
		return true
	case text == "false":
		return false
	case text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') || strings.ContainsAny(text, "xXpP_iInN"):
	default:
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	}
	s.strange = true
	return nil
}

// deepest is how deep a value may be that is passed over.
const deepest = 100

// skip passes over a value of any kind.
func (s *scanner) skip(depth int) {
	if s.space(); s.at == len(s.text) || depth > deepest {
		s.strange = true
		return
	}
	switch b := s.text[s.at]; b {
	case '"':
		s.word()
	case '{', '[':
		s.at++
		end := b + 2 // } and ] stand two behind them
		if s.take(end) {
			return
		}
		for !s.strange {
			if b == '{' {
				if s.word(); s.strange || !s.take(':') {
					s.strange = true
					return
				}
			}
			if s.skip(depth + 1); s.take(end) {
				return
			}
			s.strange = s.strange || !s.take(',')
		}
	default:
		from := s.at
		for s.at < len(s.text) && strings.IndexByte(",}] \n\t\r", s.text[s.at]) < 0 {
			s.at++
		}
		s.strange = s.strange || s.at == from
	}
}
