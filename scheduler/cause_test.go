package scheduler

import (
	"strings"
	"testing"
)

// What a program says last is seldom why it ended: stacks, notes and libraries' farewells stand behind it.
func TestCauseOfFailures(t *testing.T) {
	for name, c := range map[string]struct{ stderr, want string }{
		"nothing":  {"", ""},
		"one line": {"no such file", "no such file"},
		"shell":    {"starting\nsh: 1: trian: not found", "sh: 1: trian: not found"},
		"python with what JAX adds": {`Traceback (most recent call last):
  File "/p/train.py", line 9, in <module>
    m.fit(x, y)
           ^^^^
TypeError: Value 'accuracy' with dtype <U8 is not a valid JAX array type.
--------------------
For simplicity, JAX has removed its internal frames from the traceback of the following exception.`,
			"TypeError: Value 'accuracy' with dtype <U8 is not a valid JAX array type."},
		"python with W&B": {`Traceback (most recent call last):
  File "train.py", line 3, in <module>
    raise ValueError("lr")
ValueError: lr
wandb: You can sync this run to the cloud by running:
wandb: Find logs at: ./wandb/offline-run`, "ValueError: lr"},
		"python, caused by another": {`  File "a.py", line 1, in f
    {}["x"]
KeyError: 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
    raise RuntimeError("no x") from e
RuntimeError: no x
Found in row 3`, "RuntimeError: no x"},
		"python without a message": {"  File \"a.py\", line 1, in f\n    f()\nKeyboardInterrupt", "KeyboardInterrupt"},
		"python, told and gone on": {"  File \"a.py\", line 1, in f\n    f()\nno exception here\ngiving up", "giving up"},
		"go": {"x\npanic: assignment to entry in nil map\ngoroutine 1 [running]:\nmain.main()\n\t/p/main.go:3 +0x65\n" +
			"exit status 2", "panic: assignment to entry in nil map"},
		"a panic of nobody's": {"panic: is a word\nbye", "bye"},
		"rust": {"thread 'main' (1352) panicked at r.rs:1:54:\nindex out of bounds: the len is 0\nstack backtrace:\n" +
			"   0: __rustc::rust_begin_unwind\nnote: run with `RUST_BACKTRACE=full`", "index out of bounds: the len is 0"},
		"java": {"Exception in thread \"main\" java.lang.RuntimeException: training failed\n\tat T.main(T.java:1)\n" +
			"Caused by: java.lang.IllegalStateException: no data\n\tat T.g(T.java:1)\n\t... 2 more",
			"Caused by: java.lang.IllegalStateException: no data"},
		"node": {"function f(){ throw new RangeError() }\n              ^\nRangeError: lr is out of range\n" +
			"    at f (/p/n.js:1:21)\n    at node:internal/main/run_main_module:28:49\nNode.js v20.20.2",
			"RangeError: lr is out of range"},
		"R":            {"Error in f() : no data\nCalls: f\nExecution halted", "Error in f() : no data"},
		"nothing else": {"    at f (n.js:1:21)\n    at g (n.js:2:1)", "at g (n.js:2:1)"},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []string
			for l := range strings.SplitSeq(c.stderr, "\n") {
				if strings.TrimSpace(l) != "" { // as executors send them
					lines = append(lines, l)
				}
			}
			if got := causeLine(lines); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
