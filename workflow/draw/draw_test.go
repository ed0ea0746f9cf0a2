package draw

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow"
)

// manual is a block of docs/workflow-files.md.
func manual(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/workflow-files.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```").FindSubmatch(text)
	if found == nil {
		t.Fatalf("no block of %s", language)
	}
	return string(found[1])
}

func read(t *testing.T, text string) *workflow.Workflow {
	t.Helper()
	w, err := workflow.Read("w.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The manual's workflow is one, and is drawn as the manual shows it.
func TestManualsDrawing(t *testing.T) {
	w := read(t, manual(t, "yaml"))
	if got := Text(w, 100); got != manual(t, "text") {
		t.Errorf("drawn as\n%s", got)
	}
}

const tangled = `
parameters: {x: 3, sizes: [1, 2], names: [a, b]}
graph: |
  a ==> ([x > 1] b -> c, d ==> (e, f) >== g, **(zip(size = sizes, name = names); parallel = 2, tolerate = 1) --< t ==> (u, v) >== w >--) >== h{2}
    ++(until = steps.try.outputs.ok ?? false, times = 5) --< (try) >-- end; a -> h; e -> c{any}
steps: {a: {command: x}, try: {command: x, when: "x > 0", breakpoint: true}, h: {command: "a <b> & \"c\""}}
`

func TestDrawings(t *testing.T) {
	w := read(t, tangled)
	testkit.Golden(t, "testdata/tangled.txt", []byte(Text(w, 60)))
	testkit.Golden(t, "testdata/tangled.mmd", []byte(Mermaid(w)))
	testkit.Golden(t, "testdata/tangled.dot", []byte(DOT(w)))
	testkit.Golden(t, "testdata/tangled.svg", []byte(SVG(w)))
	text, err := json.MarshalIndent(GraphOf(w.Graph), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "testdata/tangled.json", append(text, '\n'))
	for i, line := range strings.Split(Text(w, 60), "\n") {
		if n := len([]rune(line)); n > 60 {
			t.Errorf("line %d has %d columns", i+1, n)
		}
	}
}

// A graph with more edges under way than lines can show is a list.
func TestWideGraphIsAList(t *testing.T) {
	var branches []string
	for i := range 100 {
		branches = append(branches, "b"+strconv.Itoa(i)+" -> c"+strconv.Itoa(i))
	}
	text := Text(read(t, "graph: a ==> ("+strings.Join(branches, ", ")+") >== z\nsteps: {a: {command: x}}\n"), 100)
	if lines := strings.Split(text, "\n"); len(lines) != 203 || !strings.Contains(text, "after c0, c1, c2, c3 and 96 more") {
		t.Errorf("%d lines:\n%.500s", len(lines), text)
	}
}

// Law: of any graph the picture is XML that has each node once, no box of a graph lies on another, and the text has a line for each node.
func TestAnyGraphIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 14).Draw(t, "nodes")
		var chains []string
		for range n {
			from, to := rapid.IntRange(0, 8).Draw(t, "from"), rapid.IntRange(1, 9).Draw(t, "to")
			if from < to { // all edges lead upwards: there is no cycle
				chains = append(chains, fmt.Sprintf("n%d -> n%d", from, to))
			}
		}
		chains = append(chains, "**(r = [1]) --< p ==> (q, s) >== t >-- z")
		g, err := workflow.ParseGraph(strings.Join(chains, "; "))
		if err != nil {
			t.Fatal(err)
		}
		w := &workflow.Workflow{File: "w", Graph: g}
		dec := xml.NewDecoder(strings.NewReader(SVG(w)))
		seen := map[string]int{}
		for {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "g" {
				seen[e.Attr[0].Value]++
			}
		}
		count := 0
		var visit func(g *workflow.Graph)
		visit = func(g *workflow.Graph) {
			for _, n := range g.Nodes {
				if count++; seen[n.Name] != 1 {
					t.Fatalf("%s is drawn %d times", n.Name, seen[n.Name])
				}
				if n.Each != nil {
					visit(n.Each.Body)
				}
			}
		}
		visit(g)
		p := layout(g)
		for i, a := range p.boxes {
			if a.x < -0.01 || a.y < -0.01 || a.x+a.w > p.w+0.01 || a.y+a.h > p.h+0.01 {
				t.Fatalf("%s is outside of the picture", a.node.Name)
			}
			for _, b := range p.boxes[:i] {
				if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h {
					t.Fatalf("%s lies on %s", a.node.Name, b.node.Name)
				}
			}
		}
		text := Text(w, 0)
		if got := strings.Count(text, "●") + strings.Count(text, "○") + strings.Count(text, "◆"); got != count {
			t.Fatalf("%d signs for %d nodes:\n%s", got, count, text)
		}
	})
}
