package inline

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// reader has a file of three lines, one of NULs, and a folder of two files.
func reader() Reader {
	return Reader{
		Read: func(name string) ([]byte, error) {
			switch name {
			case "lines":
				return []byte("0.1\nsgd\r\n\n 1,2 \n"), nil
			case "nuls":
				return []byte("a\nb\x00-c\x00"), nil
			case "bytes":
				return []byte("a\xff\n"), nil
			case "empty":
				return nil, nil
			}
			return nil, os.ErrNotExist
		},
		Glob: func(pattern string) ([]string, error) {
			if pattern == "*.txt" {
				return []string{"a b.txt", "c.txt"}, nil
			}
			return nil, nil
		},
	}
}

func TestParameterInTheSpec(t *testing.T) {
	for _, tt := range []struct{ word, want string }{
		{"lr=0.1,0.01", "lr: {values: [0.1, 0.01]}"},
		{"lr=0.1", "lr: {value: 0.1}"},
		{"lr=1e-3,.5,+2,-3", "lr: {values: [1e-3, .5, +2, -3]}"},
		{"level=1..9", "level: {min: 1, max: 9}"},
		{"level=-3..+3", "level: {min: -3, max: 3}"},
		{"batch=32..256:log", "batch: {distribution: q_log_uniform_values, min: 32, max: 256, q: 1}"},
		{"s=0..100..25", "s: {values: [0, 25, 50, 75, 100]}"},
		{"s=0..1..0.25", "s: {values: [0.00, 0.25, 0.50, 0.75, 1.00]}"},
		{"s=0.1..0.3..0.1", "s: {values: [0.1, 0.2, 0.3]}"},
		{"s=1..3,8,16..17", "s: {values: [1, 2, 3, 8, 16, 17]}"},
		{"p=0.1~0.9", "p: {min: 0.1, max: 0.9}"},
		{"p=0~1", "p: {min: 0.0, max: 1.0}"},
		{"p=.1~.9", "p: {min: 0.1, max: 0.9}"},
		{"p=-.5~.5", "p: {min: -0.5, max: 0.5}"},
		{"p=0.1..0.9", "p: {min: 0.1, max: 0.9}"},
		{"p=0..0.5", "p: {min: 0.0, max: 0.5}"},
		{"wd=1e-6~1e-2", "wd: {distribution: log_uniform_values, min: 1e-6, max: 1e-2}"},
		{"wd=1~99", "wd: {min: 1.0, max: 99.0}"},
		{"wd=1~100", "wd: {distribution: log_uniform_values, min: 1.0, max: 100.0}"},
		{"wd=1e-6~1e-2:uniform", "wd: {min: 1e-6, max: 1e-2}"},
		{"wd=0.1..0.2:log", "wd: {distribution: log_uniform_values, min: 0.1, max: 0.2}"},
		{"opt=sgd,adam", "opt: {values: [sgd, adam]}"},
		{"flag=true,False", "flag: {values: [true, false]}"},
		{"a=yes,no,on,null,~", `a: {values: ["yes", "no", "on", "null", "~"]}`},
		{"a=007,1_000,0x10,12:30", `a: {values: ["007", "1_000", "0x10", "12:30"]}`},
		{"a=99999999999999999999", `a: {value: "99999999999999999999"}`},
		{`a="1","b,c",'d"e',""`, `a: {values: ["1", "b,c", "d\"e", ""]}`},
		{`a="x\ny\t\"\\"`, `a: {value: "x\ny\t\"\\"}`},
		{`a='x\n'`, `a: {value: "x\\n"}`},
		{"a=1,true,1..3:text", `a: {values: ["1", "true", "1..3"]}`},
		{"layers=[64,64],[32]", "layers: {values: [[64, 64], [32]]}"},
		{`o={"lr":0.1,"n":"a,b:c"}`, `o: {value: {"lr": 0.1, "n": "a,b:c"}}`},
		{"file=*.txt,d.csv", `file: {values: ["a b.txt", c.txt, d.csv]}`},
		{"file='*.txt'", `file: {value: "*.txt"}`},
		{"x=@lines", `x: {values: [0.1, sgd, " 1,2 "]}`},
		{"x=@lines:text", `x: {values: ["0.1", sgd, " 1,2 "]}`},
		{"x=@nuls:nul", `x: {values: ["a\nb", -c]}`},
		{"x='@lines'", `x: {value: "@lines"}`},
		{"path=../data,~/x,HEAD~3,9~,a..b", `path: {values: ["../data", "~/x", "HEAD~3", "9~", a..b]}`},
		{"optimizer.lr=1,2", "optimizer.lr: {values: [1, 2]}"},
		{"url=http://x/y=z", `url: {value: "http://x/y=z"}`},
		{"no=1", `"no": {value: 1}`},
		{"a=-x,--flag", "a: {values: [-x, --flag]}"},
	} {
		p, err := reader().Parameter(tt.word)
		if err != nil {
			t.Errorf("%s: %v", tt.word, err)
			continue
		}
		if got := scalarText(p.Name) + ": " + p.node().flow(); got != tt.want {
			t.Errorf("%s is\n  %s, want\n  %s", tt.word, got, tt.want)
		}
	}
}

// What is mapped is text as it was typed, but for ranges.
func TestParameterAsText(t *testing.T) {
	r := reader()
	r.Text, r.Finite = true, true
	for _, tt := range []struct{ word, want string }{
		{"a=007,1.50,true,x", `a: {values: ["007", "1.50", "true", x]}`},
		{"a=1..9", "a: {min: 1, max: 9}"},
		{"a=[1,2],[3]", `a: {value: "?"}`},
		{"file=*.txt", `file: {values: ["a b.txt", c.txt]}`},
	} {
		p, err := r.Parameter(tt.word)
		if strings.Contains(tt.want, "?") {
			if err == nil { // brackets are a pattern there
				t.Errorf("%s is %s, want an error", tt.word, p.node().flow())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.word, err)
		} else if got := p.Name + ": " + p.node().flow(); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.word, got, tt.want)
		}
	}
}

// An error names the word, the place in it and what to write.
func TestParameterErrors(t *testing.T) {
	r := reader()
	for _, tt := range []struct {
		word    string
		column  int // from 1; 0: the whole word
		problem string
	}{
		{"lr", 0, "no parameter"},
		{"=1", 1, "name"},
		{"9x=1", 1, "name"},
		{"a b=1", 1, "name"},
		{"{x}=1", 1, "name"},
		{"lr=", 4, "no values"},
		{"lr=1,,2", 6, "empty"},
		{"lr=1,", 6, "empty"},
		{"lr=0.1~x", 8, "`x` is no number"},
		{"lr=1..x", 7, "`x` is no number"},
		{"lr=x..9", 4, "`x` is no number"},
		{"lr=1..", 7, "missing"},
		{"lr=..9", 4, "missing"},
		{"lr=1..9:lgo", 7, "`9:lgo` is no number"},
		{"lr=9..1", 4, "above its end"},
		{"lr=0.9~0.1", 4, "above its end"},
		{"lr=0~1:log", 4, "above 0"},
		{"lr=-1..5:log", 4, "above 0"},
		{"lr=1..9..0", 10, "step"},
		{"lr=1..9..2:log", 4, "steps"},
		{"lr=1..99999999999999999999", 4, "64 bits"},
		{"lr=1~1e999", 4, "too large"},
		{"lr=0.1~0.9,3", 4, "floats"},
		{"lr=3,0.1..0.9", 6, "floats"},
		{"lr=1..10000000,3", 4, "more than"},
		{"lr=0.1,0.2:log", 11, "a list"},
		{"lr=a:uniform", 5, "a list"},
		{"lr=1,2:nul", 7, "files"},
		{"a='x", 3, "not closed"},
		{`a="x\"`, 3, "not closed"},
		{"a='x'y", 6, "closing quote"},
		{"a=1,[2", 5, "not closed"},
		{"f=a,*.nope", 5, "no file matches"},
		{"f=@nope", 4, "not exist"},
		{"f=@empty", 4, "no values"},
		{"f=@bytes", 4, "UTF-8"},
		{"f=@nuls", 4, "NUL"},
		{"f=\xff", 0, "UTF-8"},
	} {
		_, err := r.Parameter(tt.word)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v, want an Error", tt.word, err)
			continue
		}
		if e.Offset+1 != tt.column || !strings.Contains(e.Problem, tt.problem) || e.Remedy == "" || e.Word != tt.word {
			t.Errorf("%q is refused at %d with %q, remedy %q; want %q at %d", tt.word, e.Offset+1, e.Problem, e.Remedy, tt.problem, tt.column)
		}
	}
}

func TestErrorPointsAtThePlace(t *testing.T) {
	long := "name=" + strings.Repeat("ä,", 100) + ",x"
	_, err := Reader{}.Parameter(long)
	lines := strings.Split(fmt.Sprint(err), "\n")
	if len(lines) != 4 {
		t.Fatalf("it has %d lines:\n%v", len(lines), err)
	}
	marked := []rune(lines[1])[len([]rune(lines[2]))-1:]
	if !strings.HasPrefix(string(marked), ",x") {
		t.Errorf("the caret points at %q:\n%v", string(marked), err)
	}
	if len([]rune(lines[1])) > 100 {
		t.Errorf("the line is not cut:\n%v", err)
	}
}
