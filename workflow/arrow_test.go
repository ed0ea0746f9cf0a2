package workflow

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// deck is the expression of the slides, as it stands there.
const deck = `start -> getUsers -> wrangleData ==> (
    trainGlobalModel -> validateGlobalModel,
    regionSplit **(reg = regions) --< (trainRegModel, validateRegModel) >-- regionJoin
) >== selectModel -> validateModel -> end`

// edgesOf lists the edges of a graph and, behind the names of for-eaches, of their bodies.
func edgesOf(g *Graph) string {
	var all []string
	for _, n := range g.Nodes {
		for _, e := range n.After {
			when := ""
			if e.When != "" {
				when = "[" + e.When + "]"
			}
			all = append(all, g.Nodes[e.From].Name+">"+when+n.Name+n.Join.suffix())
		}
		if len(n.After) == 0 {
			all = append(all, n.Name+n.Join.suffix())
		}
		switch {
		case n.Each != nil:
			all = append(all, n.Each.head()+"{ "+edgesOf(n.Each.Body)+" }")
		case n.Loop != nil:
			all = append(all, fmt.Sprintf("++%s,%d{ %s }", n.Loop.Until, n.Loop.Times, edgesOf(n.Loop.Body)))
		}
	}
	return strings.Join(all, " ")
}

func TestParseGraph(t *testing.T) {
	for _, tt := range []struct{ text, edges string }{
		{deck, "start start>getUsers getUsers>wrangleData wrangleData>trainGlobalModel trainGlobalModel>validateGlobalModel " +
			"wrangleData>regionSplit regionSplit>trainRegModel.each **(reg = regions){ trainRegModel trainRegModel>validateRegModel } " +
			"trainRegModel.each>regionJoin validateGlobalModel>selectModel regionJoin>selectModel selectModel>validateModel validateModel>end"},
		{"val wf = " + deck[:32], "start start>getUsers getUsers>wrangleData"},
		{"a", "a"},
		{"a->b-1->c_2", "a a>b-1 b-1>c_2"},
		{"a ==> (b, c)", "a a>b a>c"},
		{"a ==> (b, c -> d) >== e ==> (f, g) >== h", "a a>b a>c c>d b>e d>e e>f e>g f>h g>h"},
		{"a ==> (b ==> (c, d) >== e, f) >== g", "a a>b b>c b>d c>e d>e a>f e>g f>g"},
		{"a ==> (b ==> (c, d), f) >== g", "a a>b b>c b>d a>f c>g d>g f>g"},
		{"a -> c; b -> c", "a b a>c b>c"},
		{"a ==> ([x > 1] b, [y[0] == ']'] c, [else] d) >== e{any}",
			"a a>[x > 1]b a>[y[0] == ']']c a>[!(x > 1) && !(y[0] == ']')]d b>e{any} c>e{any} d>e{any}"},
		{"a -> [ok] b{2}", "a a>[ok]b{2}"},
		{"**(x = [1, 2], y = files(\"*.csv\"); parallel = 10, tolerate = 2, ordered) --< t >--",
			"t.each **(x = [1, 2], y = files(\"*.csv\"); parallel = 10, tolerate = 2, ordered){ t }"},
		{"a **(zip(x = p, y = q)) --< b >-- c", "a a>b.each **(zip(x = p, y = q)){ b } b.each>c"},
		{"a **(x = p) --< s **(y = q) --< b >-- j >-- c", "a a>s.each **(x = p){ s s>b.each **(y = q){ b } b.each>j } s.each>c"},
		{"a **(x = p) --< b >-- ==> (c, d)", "a a>b.each **(x = p){ b } b.each>c b.each>d"},
		{"a **(x = p) --< b >-- **(y = q) --< c >-- [ok] d", "a a>b.each **(x = p){ b } b.each>c.each **(y = q){ c } c.each>[ok]d"},
		{"a ++(until = steps.v.outputs.ok, times = 5) --< (t, v) >-- p", "a a>t.loop ++steps.v.outputs.ok,5{ t t>v } t.loop>p"},
		{"**(x = p) --< (a ==> (b, c), d; a -> d) >--", "a.each **(x = p){ a a>b a>c a>d b>d c>d }"},
		{"a **(x = p) --< b >--; a -> b.each -> c", "a a>b.each **(x = p){ b } b.each>c"},
		{"**(zip = p) --< b >--{any}", "b.each{any} **(zip = p){ b }"},
	} {
		g, err := ParseGraph(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := edgesOf(g); got != tt.edges {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.text, got, tt.edges)
		}
		again, err := ParseGraph(g.String())
		if err != nil || !again.Equal(g) {
			t.Errorf("%s is written as %s, which is another graph: %v", tt.text, g, err)
		}
	}
}

// The text that a graph is written as is near to what a person would write.
func TestGraphIsWrittenWithBrackets(t *testing.T) {
	g, err := ParseGraph(deck)
	if err != nil {
		t.Fatal(err)
	}
	const want = "start -> getUsers -> wrangleData ==> (trainGlobalModel -> validateGlobalModel, " +
		"regionSplit **(reg = regions) --< (trainRegModel -> validateRegModel) >-- regionJoin) >== selectModel -> validateModel -> end"
	if g.String() != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
}

func TestGraphErrors(t *testing.T) {
	for _, tt := range []struct {
		text   string
		column int
		says   string
	}{
		{"", 1, "empty"},
		{"a b", 3, "`->` or `==>` is expected, or the end, not `b`"},
		{"a -> ", 6, "a name is expected, not the end"},
		{"a >> b", 3, "`a >> b` is written `a -> b` here"},
		{"a => b", 3, "an arrow is `->`"},
		{"a → b", 3, "an arrow is `->`"},
		{"a, b", 2, "a comma stands between branches"},
		{"a ==> b", 7, "`(` is expected behind `==>`, not `b`"},
		{"a ==> (b, c) -> d", 14, "`>==` is expected behind the branches of `==>`, not `->`"},
		{"a ==> (b, c", 12, "`,` or `)` is expected"},
		{"a ==> (b, ) >== c", 11, "a name is expected, not `)`"},
		{"a >== b", 3, "there are none here"},
		{"a -> b -> a", 11, "`a` stands twice in this chain"},
		{"a -> b; b -> c; c -> a", 22, "the graph has a cycle: a -> b -> c -> a"},
		{"a **reg = r", 5, "`(` is expected behind `**`"},
		{"a **(reg) --< b >--", 9, "`=` is expected behind `reg`"},
		{"a **(reg = ) --< b >--", 12, "an expression is missing"},
		{"a **(reg = x +) --< b >--", 14, "the expression is not finished"},
		{"a **(reg = regions) b", 21, "`--<` is expected behind the brackets, not `b`"},
		{"a **(reg = regions) --< (b, c >-- d", 31, "`->`, `,` or `)` is expected in --< ( ) >--"},
		{"a **(reg = regions) --< b", 26, "`>--` is expected"},
		{"a **(reg = regions; paralel = 3) --< b >-- c", 21, "no option of a for-each"},
		{"a **(r = x; parallel = 0) --< b >-- c", 24, "a whole number is expected"},
		{"a **(r = x, r = y) --< b >-- c", 13, "`r` is there twice"},
		{"a **(steps = x) --< b >-- c", 6, "stands for something else"},
		{"a -> b; x **(r = l) --< b >-- c", 25, "`b` is in another graph already"},
		{"a -> [x >] b", 9, "the expression is not finished"},
		{"[x] a", 1, "a condition stands on an arrow"},
		{"a -> [else] b", 6, "[else] stands before a branch"},
		{"a ==> ([else] b, c)", 8, "[else] stands before a branch when"},
		{"a{some} -> b", 3, "does not say how branches join"},
		{"a -> b.each", 6, "there is no for-each or loop `b.each`"},
		{"++(until = ok) --< a >--", 14, "a loop needs a bound"},
		{"a -> [filter(x, # > 1)] b", 7, "not available"},
		{"a -> 1b", 6, "cannot stand in a graph"},
		{"a\n  -> b\n  -> c d", 8, "`->` or `==>`"},
		{strings.Repeat("a ==> (", 100), 343, "brackets are open"},
		{"a ==> (b, a)", 11, "the graph has a cycle: a -> a"},
	} {
		_, err := ParseGraph(tt.text)
		var all sweep.Errors
		if !errors.As(err, &all) {
			t.Errorf("%.60s: accepted", tt.text)
			continue
		}
		if e := all[0]; e.Column != tt.column || !strings.Contains(e.Error(), tt.says) || e.Remedy == "" {
			t.Errorf("%.60s: column %d, want %d: %v", tt.text, e.Column, tt.column, err)
		}
	}
}
