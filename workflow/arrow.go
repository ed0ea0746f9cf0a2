package workflow

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// ParseGraph reads an arrow expression without steps: all of its names do nothing. The error is a sweep.Errors, whose
// columns are those of the text.
//
//	graph    = chain { ";" chain }
//	chain    = element { "->" guard element
//	                   | "==>" "(" guard chain { "," guard chain } ")" [ ">==" guard element ]
//	                   | each [ guard element ] }
//	element  = NAME [ "{" ( "any" | "all" | NUMBER ) "}" ] | each
//	each     = ( "**" "(" lists [ ";" options ] ")" | "++" "(" "until" "=" EXPR "," "times" "=" NUMBER ")" ) "--<" body ">--"
//	body     = "(" row { ";" row } ")" | chain
//	row      = chain { "," chain }
//	lists    = NAME "=" EXPR { "," NAME "=" EXPR } | "zip" "(" lists ")"
//	guard    = [ "[" EXPR "]" ]
//
// A comma between branches says that they run side by side; within --< ( ) >-- it says that one runs after the other,
// in each iteration: a model is trained before it is validated. A semicolon begins a further chain of the same graph,
// whose names may have been there before.
func ParseGraph(text string) (*Graph, error) {
	const file = "graph"
	src := []byte(text)
	if len(text) > longestGraph {
		return nil, sweep.Errors{sweep.ErrorAt(file, nil, 0, 0, "", tooLong(len(text)).what, tooLong(len(text)).remedy)}
	}
	d := newDraft()
	err := parseArrows(d, text)
	var g *Graph
	if err == nil {
		g, err = d.top.finish()
	}
	if err == nil {
		return g, nil
	}
	p := problemOf(err)
	line, column := 1+strings.Count(text[:p.at], "\n"),
		1+len([]rune(text[strings.LastIndexByte(text[:p.at], '\n')+1:p.at]))
	return nil, sweep.Errors{sweep.ErrorAt(file, src, line, column, "", p.what, p.remedy)}
}

// longestGraph bounds the text of one graph, in bytes.
const longestGraph = 256 << 10

func tooLong(n int) *problem {
	return &problem{what: fmt.Sprintf("the graph has %d bytes; %d are allowed", n, longestGraph),
		remedy: "run a part of it as a workflow of its own, by a step of type `workflow`"}
}

// problemOf is an error as a problem; all of this package's have a place.
func problemOf(err error) *problem {
	if p, ok := err.(*problem); ok {
		return p
	}
	return &problem{what: err.Error()}
}

// parseArrows reads an expression into a draft.
func parseArrows(d *draft, text string) error {
	p := &arrowParser{lex: lexer{text: text}, draft: d, scope: d.top}
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.skipScala(); err != nil {
		return err
	}
	if p.now.word == end {
		return &problem{what: "the graph is empty",
			remedy: "write the names of steps with arrows between them: prepare -> train -> validate"}
	}
	for {
		if _, err := p.chain(false); err != nil {
			return err
		}
		if p.now.word == end {
			return nil
		}
		if p.now.word != ";" {
			return p.unexpected()
		}
		if err := p.advance(); err != nil || p.now.word == end {
			return err
		}
	}
}

// arrowParser reads by recursive descent, one token ahead.
type arrowParser struct {
	lex     lexer
	now     token
	last    token // the one before
	draft   *draft
	scope   *scope
	depth   int             // of brackets
	chains  int             // begun
	used    map[*vertex]int // the chain that has a name last
	current int             // the chain that is being read
	closed  int             // where the token behind the last >-- is
}

// piece is a part of a chain: where one enters it and where one leaves it.
type piece struct {
	head  *vertex
	tails []*vertex
}

func (p *arrowParser) advance() (err error) {
	p.last = p.now
	p.now, err = p.lex.next()
	return err
}

// skipScala passes over `val wf =`, with which the expression begins in the Scala notation.
func (p *arrowParser) skipScala() error {
	ahead := *p
	if ahead.now.text != "val" || ahead.advance() != nil || ahead.now.word != name || ahead.advance() != nil ||
		ahead.now.word != "=" {
		return nil
	}
	*p = ahead
	return p.advance()
}

// expect passes over a token of a kind.
func (p *arrowParser) expect(w word, where, remedy string) error {
	if p.now.word != w {
		return &problem{at: p.now.at, what: fmt.Sprintf("`%s` is expected %s, not %s", w, where, p.now.what()),
			remedy: remedy}
	}
	return p.advance()
}

// unexpected refuses what cannot go on a chain.
func (p *arrowParser) unexpected() error {
	what := fmt.Sprintf("`->` or `==>` is expected, or the end, not %s", p.now.what())
	remedy := "write an arrow between two names: a -> b"
	switch p.now.word {
	case ",":
		remedy = "a comma stands between branches, ==> (a, b) >== c, or in a for-each; a further chain " +
			"begins behind a ;"
	case joins:
		what, remedy = "`>==` joins branches, and there are none here", "split before: a ==> (b, c) >== d"
	case finished:
		what, remedy = "`>--` ends a for-each, and none is open here", "begin it before: **(x = list) --< a >--"
	case begin:
		what, remedy = "`--<` without the list of the for-each before it", "write **(x = list) --< … >--"
	case ")":
		what, remedy = "this bracket closes none", "remove it, or open one before"
	case "(":
		remedy = "branches stand behind a split: a ==> (b, c) >== d"
	case "=":
		remedy = "a list of a for-each stands in **( … )"
	case "{":
		remedy = "{any}, {all} or {2} stands right behind a name"
	}
	return &problem{at: p.now.at, what: what, remedy: remedy}
}

// nest counts brackets.
func (p *arrowParser) nest() error {
	if p.depth++; p.depth > 2*deepest {
		return &problem{at: p.now.at, what: fmt.Sprintf("more than %d brackets are open", 2*deepest),
			remedy: "write further chains behind a ;"}
	}
	return nil
}

// chain reads a chain. Guarded: a guard before it was read, or may not be.
func (p *arrowParser) chain(guarded bool) (piece, error) {
	outer := p.current
	p.chains++
	p.current = p.chains
	defer func() { p.current = outer }()
	if p.now.word == "[" && !guarded {
		return piece{}, &problem{at: p.now.at, what: "a condition stands on an arrow, and none leads here",
			remedy: "write it behind the arrow, a -> [condition] b, or as `when` of the step"}
	}
	first, err := p.element()
	if err != nil {
		return piece{}, err
	}
	c := piece{first, []*vertex{first}}
	for {
		afterBody := p.closed == p.now.at && p.closed > 0
		switch {
		case p.now.word == then:
			if err = p.advance(); err == nil {
				err = p.follow(&c)
			}
		case p.now.word == split:
			err = p.branches(&c)
		case p.now.word == forEach || p.now.word == again || afterBody && (p.now.word == name || p.now.word == "["):
			err = p.follow(&c)
		default:
			return c, nil
		}
		if err != nil {
			return c, err
		}
	}
}

// follow reads an element, and draws edges to it from where the chain ends.
func (p *arrowParser) follow(c *piece) error {
	at := p.now.at
	when, err := p.guard()
	if err == nil && when == otherwise {
		err = &problem{at: at, what: "[else] stands before a branch of a split", remedy: elseRemedy}
	}
	if err != nil {
		return err
	}
	v, err := p.element()
	if err != nil {
		return err
	}
	for _, from := range c.tails {
		if err := connect(from, v, when, at); err != nil {
			return err
		}
	}
	c.tails = []*vertex{v}
	return nil
}

// branches reads ==> ( … ) and, if it is there, >== and what follows.
func (p *arrowParser) branches(c *piece) error {
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.nest(); err != nil {
		return err
	}
	defer func() { p.depth-- }()
	if err := p.expect("(", "behind `==>`", "put the branches in brackets: a ==> (b, c) >== d"); err != nil {
		return err
	}
	var tails []*vertex
	var conditions []string
	for {
		at := p.now.at
		when, err := p.guard()
		if err != nil {
			return err
		}
		if when == otherwise {
			if when = noneOf(conditions); when == "" {
				return &problem{at: at, what: "[else] stands before a branch when those before it have conditions",
					remedy: elseRemedy}
			}
		} else if when != "" {
			conditions = append(conditions, when)
		}
		branch, err := p.chain(true)
		if err != nil {
			return err
		}
		for _, from := range c.tails {
			if err := connect(from, branch.head, when, at); err != nil {
				return err
			}
		}
		tails = append(tails, branch.tails...)
		if p.now.word != "," {
			break
		}
		if err := p.advance(); err != nil {
			return err
		}
	}
	if p.now.word != ")" {
		return &problem{at: p.now.at, what: fmt.Sprintf("`,` or `)` is expected in the branches of `==>`, not %s",
			p.now.what()),
			remedy: "separate branches by commas, and close the bracket: ==> (a -> b, c) >== d"}
	}
	if err := p.advance(); err != nil {
		return err
	}
	c.tails = tails
	switch p.now.word {
	case joins:
		if err := p.advance(); err != nil {
			return err
		}
		return p.follow(c)
	case then, split, forEach, again, name:
		return &problem{at: p.now.at, what: fmt.Sprintf("`>==` is expected behind the branches of `==>`, not %s",
			p.now.what()),
			remedy: "join them: ==> (a, b) >== c"}
	}
	return nil
}

const elseRemedy = "write ==> ([x > 1] a, [else] b) >== c"

// otherwise stands for a guard [else].
const otherwise = "else"

// noneOf is the condition that none of some holds.
func noneOf(conditions []string) string {
	var all []string
	for _, c := range conditions {
		all = append(all, "!("+c+")")
	}
	return strings.Join(all, " && ")
}

// guard reads [condition], if it is there.
func (p *arrowParser) guard() (string, error) {
	if p.now.word != "[" {
		return "", nil
	}
	text, err := p.expression("]", "a condition", "close it: a -> [x > 1] b")
	if err != nil {
		return "", err
	}
	return text, p.expect("]", "behind a condition", "close it: a -> [x > 1] b")
}

// expression reads up to one of the stops, which is then the token; the token before the expression is the present one.
func (p *arrowParser) expression(stops, what, remedy string) (string, error) {
	from := p.now.end
	to := closing(p.lex.text, from, stops)
	if to < 0 {
		return "", &problem{at: p.now.at, what: what + " is not closed", remedy: remedy}
	}
	raw := p.lex.text[from:to]
	text := strings.TrimSpace(raw)
	start := from + len(raw) - len(strings.TrimLeft(raw, " \t\r\n"))
	if text != otherwise || stops != "]" {
		if _, err := Compile(text); err != nil {
			bad := *problemOf(err)
			bad.at += start
			return "", &bad
		}
	}
	p.lex.at = to
	return text, p.advance()
}

// element reads a name, or a for-each or loop.
func (p *arrowParser) element() (*vertex, error) {
	switch p.now.word {
	case name:
		return p.named()
	case forEach:
		return p.each()
	case again:
		return p.loop()
	}
	remedy := "write the name of a step, or of a place where nothing is done"
	switch p.now.word {
	case end:
		remedy = "finish the expression: something is to follow " + p.last.what()
	case "(":
		remedy = "branches stand behind a split: a ==> (b, c) >== d"
	}
	return nil, &problem{at: p.now.at, what: fmt.Sprintf("a name is expected, not %s", p.now.what()), remedy: remedy}
}

// named reads a name and how it joins.
func (p *arrowParser) named() (*vertex, error) {
	t := p.now
	v := p.draft.find(t.text)
	switch {
	case v == nil && strings.Contains(t.text, "."):
		return nil, &problem{at: t.at, what: fmt.Sprintf("there is no for-each or loop `%s` before", clipped(t.text)),
			remedy: "it has the name of a step in it, and .each or .loop; other names have no points"}
	case v == nil && len(t.text) > longestName:
		return nil, &problem{at: t.at, what: fmt.Sprintf("a name of %d bytes is too long", len(t.text)),
			remedy: fmt.Sprintf("%d are allowed", longestName)}
	case v == nil:
		var err error
		if v, err = p.draft.add(t.text, p.scope, t.at); err != nil {
			return nil, err
		}
	case v.in != p.scope:
		return nil, &problem{at: t.at, what: fmt.Sprintf("`%s` is in another graph already: inside or outside "+
			"of a for-each or loop", clipped(t.text)),
			remedy: "a step stands in one of them; draw edges to the for-each as a whole by " + v.title() + ".each"}
	case p.used[v] == p.current:
		return nil, &problem{at: t.at, what: fmt.Sprintf("`%s` stands twice in this chain", clipped(t.text)),
			remedy: "name it once, or write a further edge as a chain of its own: …; a -> " + clipped(t.text)}
	}
	if p.used == nil {
		p.used = map[*vertex]int{}
	}
	p.used[v] = p.current
	if err := p.advance(); err != nil || p.now.word != "{" {
		return v, err
	}
	return v, p.joining(v)
}

// joining reads {any}, {all} or {2}.
func (p *arrowParser) joining(v *vertex) error {
	const remedy = "write {any}, {all}, or how many it waits for, as {2}"
	from := p.now
	to := strings.IndexByte(p.lex.text[from.end:], '}')
	if to < 0 {
		return &problem{at: from.at, what: "a `{` is not closed", remedy: remedy}
	}
	j, err := parseJoin(strings.TrimSpace(p.lex.text[from.end : from.end+to]))
	if err != nil {
		return &problem{at: from.end, what: err.Error(), remedy: remedy}
	}
	if err := v.setJoin(j, from.at); err != nil {
		return err
	}
	p.lex.at = from.end + to + 1
	return p.advance()
}

// parseJoin reads any, all or a number.
func parseJoin(text string) (Join, error) {
	switch text {
	case "any":
		return Join{1}, nil
	case "all":
		return Join{}, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= mostNodes {
		return Join{n}, nil
	}
	return Join{}, fmt.Errorf("`%s` does not say how branches join", clipped(text))
}
