package workflow

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var conditionsDrawn = []string{"", "", "", "x > 1", `y == "a]b" || z[0] > 2`, "!(ok)", "steps.a-b.outputs.c"}

// drawFlow draws a piece of a graph whose names are new.
func drawFlow(t *rapid.T, count *int, depth int) Flow {
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 || *count > 40 {
		kind = 0
	}
	some := func() (all []Flow) {
		for range rapid.IntRange(1, 4).Draw(t, "pieces") {
			all = append(all, drawFlow(t, count, depth-1))
		}
		return all
	}
	lists := []Binding{Over("x", "parameters.list"), Over("y", `["a", "b;,)", 'c']`), Over("z", "files(\"*.csv\")")}
	switch kind {
	case 1, 2:
		return Sequence(some()...)
	case 3, 4:
		return Parallel(some()...)
	case 5:
		body := drawFlow(t, count, depth-1)
		e := ForEach(body, lists[:rapid.IntRange(1, 3).Draw(t, "lists")]...)
		if rapid.Bool().Draw(t, "zip") {
			e = ForEachZip(body, lists[:2]...)
		}
		e.Parallel(rapid.IntRange(0, 3).Draw(t, "parallel")).Tolerate(rapid.IntRange(0, 2).Draw(t, "tolerate"))
		if rapid.Bool().Draw(t, "ordered") {
			e.Ordered()
		}
		return e
	case 6:
		return Repeat(drawFlow(t, count, depth-1), "steps.check.outputs.ok", rapid.IntRange(1, 9).Draw(t, "times"))
	}
	*count++
	p := Place(fmt.Sprintf("n-%d", *count)).If(rapid.SampledFrom(conditionsDrawn).Draw(t, "condition"))
	if n := rapid.IntRange(-3, 3).Draw(t, "join"); n > 0 {
		p.AtLeast(n)
	}
	return p
}

// Law: a graph is written as a text that is read as the same graph, whatever its form.
func TestGraphTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := 0
		f := drawFlow(t, &count, 4)
		var links []Link
		for range rapid.IntRange(0, 4).Draw(t, "links") {
			from := rapid.IntRange(1, count).Draw(t, "from")
			to := rapid.IntRange(1, count).Draw(t, "to")
			links = append(links, Link{fmt.Sprintf("n-%d", from), fmt.Sprintf("n-%d", to), rapid.SampledFrom(conditionsDrawn).Draw(t, "link")})
		}
		g, err := Build(f, links...)
		if err != nil {
			if !strings.Contains(err.Error(), "cycle") && !strings.Contains(err.Error(), "same graph") && !strings.Contains(err.Error(), "another condition") {
				t.Fatal(err)
			}
			if g, err = Build(f); err != nil {
				t.Fatal(err)
			}
		}
		checkOrder(t, g)
		text := g.String()
		again, err := ParseGraph(text)
		if err != nil {
			t.Fatalf("%v\nof %s", err, text)
		}
		if !again.Equal(g) {
			t.Fatalf("written as\n%s\nwhich is\n%s", text, again)
		}
		checkOrder(t, again)
	})
}

// checkOrder: no node stands before one that it waits for, and names are unique.
func checkOrder(t interface{ Fatalf(string, ...any) }, g *Graph) {
	seen := map[string]bool{}
	var visit func(g *Graph)
	visit = func(g *Graph) {
		for i, n := range g.Nodes {
			if seen[n.Name] || n.Name == "" {
				t.Fatalf("the name `%s` is there twice", n.Name)
			}
			seen[n.Name] = true
			for _, e := range n.After {
				if e.From >= i || e.From < 0 {
					t.Fatalf("%s stands before what it waits for", n.Name)
				}
			}
			if n.Each != nil {
				visit(n.Each.Body)
			}
			if n.Loop != nil {
				visit(n.Loop.Body)
			}
		}
	}
	visit(g)
}

// FuzzParseGraph: whatever the text, reading ends; what is read is in order and is written as the same graph.
func FuzzParseGraph(f *testing.F) {
	f.Add(deck)
	for _, text := range []string{
		"a -> [x > 1] b{any}; c -> b", "a ==> ([x] b, [else] c) >== d", "**(zip(x = p, y = q); ordered) --< (a, b; a -> b) >-- c",
		"a ++(until = ok, times = 3) --< b >-- c; b.loop -> d", "val wf = a -> b",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		slow := time.AfterFunc(20*time.Second, func() { panic("reading did not end: " + text) })
		defer slow.Stop()
		g, err := ParseGraph(text)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("refused without a word")
			}
			return
		}
		checkOrder(t, g)
		again, err := ParseGraph(g.String())
		if err != nil || !again.Equal(g) {
			t.Fatalf("%q is written as %q: %v", text, g, err)
		}
	})
}

func TestBuilderMakesTheDecksGraph(t *testing.T) {
	flow := Sequence(
		Place("start"), Place("getUsers"), Place("wrangleData"),
		Parallel(
			Sequence(Place("trainGlobalModel"), Place("validateGlobalModel")),
			Sequence(Place("regionSplit"), ForEach(Sequence(Place("trainRegModel"), Place("validateRegModel")), Over("reg", "regions")), Place("regionJoin")),
		),
		Place("selectModel"), Place("validateModel"), Place("end"),
	)
	built, err := Build(flow)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseGraph(deck)
	if err != nil {
		t.Fatal(err)
	}
	if !built.Equal(read) {
		t.Errorf("built %s\nread  %s", built, read)
	}
	if _, err := Build(Sequence(Place("a"), Place("a"))); err == nil {
		t.Error("a name may stand twice")
	}
	if _, err := Build(Sequence(Place("a"), Place("b")), Link{"b", "a", ""}); err == nil || !strings.Contains(err.Error(), "cycle: a -> b -> a") {
		t.Errorf("a cycle: %v", err)
	}
}

// A place that a program gives a step has it, beside its condition and how much it waits for.
func TestBuilderGivesPlacesTheirSteps(t *testing.T) {
	step := &Step{Name: "check", Type: "command"}
	g, err := Build(Sequence(Place("a"), Parallel(Place("b"), Place("c")), Do(step).If("1 < 2").AtLeast(1)))
	if err != nil {
		t.Fatal(err)
	}
	last := g.Nodes[len(g.Nodes)-1]
	if last.Name != "check" || last.Step != step || last.Join.AtLeast != 1 || len(last.After) != 2 || last.After[0].When != "1 < 2" {
		t.Errorf("%+v", last)
	}
}

// Bounds hold in time that a person does not notice.
func TestLargeGraphs(t *testing.T) {
	var chain, fan []string
	for i := range 5000 {
		chain = append(chain, fmt.Sprintf("n%d", i))
		fan = append(fan, fmt.Sprintf("b%d", i))
	}
	for _, text := range []string{strings.Join(chain, " -> "), "a ==> (" + strings.Join(fan, ", ") + ") >== z"} {
		g, err := ParseGraph(text)
		if err != nil {
			t.Fatal(err)
		}
		if g.String() != text {
			t.Errorf("written otherwise than it was read: %.80s", g)
		}
	}
	var many []string
	for i := range mostNodes + 1 {
		many = append(many, fmt.Sprintf("n%d", i))
	}
	if _, err := ParseGraph(strings.Join(many, "->")); err == nil || !strings.Contains(err.Error(), "more than 10000 nodes") {
		t.Errorf("%d nodes: %v", len(many), err)
	}
}
