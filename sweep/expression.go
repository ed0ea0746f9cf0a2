package sweep

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// expression is a compiled `when`, constraint or resource over the parameters of one space.
type expression struct {
	text    string
	program *vm.Program
	needs   []int // leaves it refers to, ascending
}

// tidy makes one line of the library's errors, which draw their own excerpt.
func tidy(err error) error {
	var at *file.Error
	if errors.As(err, &at) {
		return fmt.Errorf("%s (at character %d)", at.Message, at.Column+1)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(line)
}
