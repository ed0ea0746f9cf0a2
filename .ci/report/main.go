// Command report runs commands of the kind `go test -json` one after the other and prints what a person wants of their
// output: a line for each package as it ends, the output of tests that failed, and at the end the tests that did not
// run and why. It exits 1 when a command or a test failed, or, with KAON_TEST_STRICT=1, when something was skipped but
// what asks for a cluster of one's own, or for large libraries of others: it says that it is "beyond a whole run".
//
// A test that failed beside all others is run again alone: what only took too long on a busy machine passes then, and
// is named at the end as a test to look into. Nothing is run again after a data race, a panic, or more failures than a
// busy machine explains.
//
//	report [-missing WHAT] -- COMMAND... [-- COMMAND...]
//
// What is missing is named with the tests that did not run.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sort"
	"strings"
)

// measured begins lines that tests print for whoever reads the report, failed or not.
const measured = "measured: "

// event is one line of test2json's stream.
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of build output
}

func main() {
	missing := flag.String("missing", "", "what the tests run without")
	flag.Parse()
	all := new(report)
	for _, command := range split(flag.Args()) {
		all.run(command)
	}
	all.again()
	results, failed, skipped := all.results, all.failed, all.skipped
	if *missing != "" {
		skipped = append(skipped, *missing)
	}
	sort.Strings(skipped)
	partial := false
	strict := os.Getenv("KAON_TEST_STRICT") == "1"
	if len(skipped) > 0 {
		fmt.Println("did not run here:")
		for _, line := range skipped {
			fmt.Println("  " + line)
			partial = partial || !strings.Contains(line, ": beyond a whole run: ")
		}
	}
	if len(all.unsteady) > 0 {
		fmt.Println("failed beside other tests and passed alone, to be looked into:")
		for _, line := range all.unsteady {
			fmt.Println("  " + line)
		}
	}
	if strict && len(skipped) > 0 || len(all.unsteady) > 0 {
		fmt.Print(strings.Join(results, "")) // who reads only the end of a strict run wants go test's own lines
	}
	if len(results) == 0 {
		fmt.Println("no package was tested")
	}
	if failed || len(results) == 0 || strict && partial {
		fmt.Println("FAIL")
		os.Exit(1)
	}
}

// report is what came of the commands so far.
type report struct {
	results  []string // go test's own line for each package
	failed   bool
	skipped  []string
	suspects []suspect // what failed and may be run again
	unsteady []string  // what failed and then passed
}

// split parts commands at "--".
func split(args []string) (commands [][]string) {
	for len(args) > 0 {
		n := slices.Index(args, "--")
		if n < 0 {
			n = len(args)
		}
		if n > 0 {
			commands = append(commands, args[:n])
		}
		args = args[min(n+1, len(args)):]
	}
	return commands
}

// run runs one command. Whatever its output says, its exit code has the last word.
func (r *report) run(command []string) {
	before := len(r.suspects)
	err := r.follow(command)
	if err != nil {
		fmt.Printf("%s %s: %v\n", command[0], strings.Join(command[1:min(3, len(command))], " "), err)
		r.failed = r.failed || len(r.suspects) == before
	}
}

// follow runs a command and reads what it prints.
func (r *report) follow(command []string) error {
	c := exec.Command(command[0], command[1:]...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	r.read(bufio.NewScanner(out), command)
	return c.Wait()
}

func (r *report) read(lines *bufio.Scanner, command []string) {
	lines.Buffer(make([]byte, 1<<20), 64<<20)
	output := make(map[string][]string) // package or package/test → its lines so far
	failed := make(map[string][]string) // package → its tests that failed, without those inside them
	grave := make(map[string]bool)      // packages in which something failed that no busy machine explains
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // not of the stream: a build error, as it is
			continue
		}
		key := e.Package + "/" + e.Test
		switch e.Action {
		case "output":
			if e.Test == "" && isResult(e.Output) {
				r.results = append(r.results, e.Output)
				fmt.Print(e.Output)
				continue
			}
			if strings.HasPrefix(e.Output, measured) {
				fmt.Print(e.Output)
			}
			output[key] = append(output[key], e.Output)
		case "build-output":
			fmt.Print(e.Output)
		case "build-fail":
			r.failed = true
		case "fail":
			grave[e.Package] = grave[e.Package] || slices.ContainsFunc(output[key], isGrave)
			switch {
			case e.Test == "" && (grave[e.Package] || len(failed[e.Package]) == 0):
				r.failed = true
			case e.Test == "":
				r.suspects = append(r.suspects, suspect{e.Package, failed[e.Package], command})
			case !strings.Contains(e.Test, "/"):
				failed[e.Package] = append(failed[e.Package], e.Test)
			}
			fmt.Print(strings.Join(output[key], ""))
			delete(output, key)
		case "skip":
			if e.Test != "" {
				r.skipped = append(r.skipped, key+": "+reason(output[key]))
			}
			delete(output, key)
		case "pass":
			delete(output, key)
		}
	}
}

// isResult tells the lines that go test itself prints for a package.
func isResult(line string) bool {
	return strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "?   \t")
}

// reason is the message of t.Skip: the last line that names a file, without the place.
func reason(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		if _, text, found := strings.Cut(lines[i], ".go:"); found {
			_, text, _ = strings.Cut(text, ": ")
			return strings.TrimSpace(text)
		}
	}
	return "no reason given"
}
