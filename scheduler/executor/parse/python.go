package parse

import (
	"fmt"
	"regexp"
	"strconv"
)

// What Python prints of a dict is read as JSON is, since so many programs print one: Hugging Face's Trainer
// writes {'loss': 0.5, 'epoch': 1.0}. Texts may stand in single quotes; None, True and False are null, true and
// false, tuples are lists, and a scalar of NumPy, PyTorch or JAX is its number: np.float64(0.5), tensor(0.5).

// scalar is what stands before the brackets of a scalar.
var scalar = regexp.MustCompile(`^(?:(?:np|numpy)\.(?:float|int|uint)\d*|tensor|Array)$`)

// argument is what may stand behind the number of a scalar: device='cuda:0', dtype=float32.
var argument = regexp.MustCompile(`^, \w+=[^)]*`)

// requoted makes a text of JSON's of one in single quotes.
func requoted(quoted []byte) []byte {
	out := []byte{'"'}
	for text := quoted[1 : len(quoted)-1]; len(text) > 0; {
		n := 1
		switch c := text[0]; {
		case c == '"':
			out = append(out, '\\', '"')
		case c != '\\' || len(text) == 1:
			out = append(out, c)
		case text[1] == '\'':
			out, n = append(out, '\''), 2
		case text[1] == 'x' && len(text) >= 4:
			out, n = append(append(out, `\u00`...), text[2:4]...), 4
		case text[1] == 'U' && len(text) >= 10:
			r, err := strconv.ParseUint(string(text[2:10]), 16, 32)
			if err != nil {
				return nil
			}
			out, n = fmt.Appendf(out, "%c", rune(r)), 10
		default:
			out, n = append(out, text[:2]...), 2
		}
		text = text[n:]
	}
	return append(out, '"')
}
