// Command report reads the stream of `go test -json` on standard input and prints what a person wants of it: a
// line for each package as it ends, the output of tests that failed, and at the end the tests that did not run
// and why. It exits 1 when something failed, or, with KAON_TEST_STRICT=1, when something was skipped but what asks for
// a cluster of one's own: it says that it is "beyond a whole run".
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
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
	results, failed, skipped := read(bufio.NewScanner(os.Stdin))
	partial := false
	strict := os.Getenv("KAON_TEST_STRICT") == "1"
	if len(skipped) > 0 {
		fmt.Println("did not run here:")
		for _, line := range skipped {
			fmt.Println("  " + line)
			partial = partial || !strings.Contains(line, ": beyond a whole run: ")
		}
	}
	if strict && len(skipped) > 0 {
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

func read(lines *bufio.Scanner) (results []string, failed bool, skipped []string) {
	lines.Buffer(make([]byte, 1<<20), 64<<20)
	output := make(map[string][]string) // package or package/test → its lines so far
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
				results = append(results, e.Output)
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
			failed = true
		case "fail":
			failed = true
			fmt.Print(strings.Join(output[key], ""))
			delete(output, key)
		case "skip":
			if e.Test != "" {
				skipped = append(skipped, key+": "+reason(output[key]))
			}
			delete(output, key)
		case "pass":
			delete(output, key)
		}
	}
	sort.Strings(skipped)
	return results, failed, skipped
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
