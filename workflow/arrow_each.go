package workflow

import (
	"fmt"
	"strconv"
	"strings"
)

const eachRemedy = "a for-each is **(x = list) --< a -> b >--; **(x = list, y = list2) has all pairs, **(zip(x " +
	"= list, y = list2)) those of the same place"

// each reads **( lists ; options ) --< body >--.
func (p *arrowParser) each() (*vertex, error) {
	at := p.now.at
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.now.word != "(" {
		return nil, &problem{at: p.now.at, what: fmt.Sprintf("`(` is expected behind `**`, not %s", p.now.what()),
			remedy: eachRemedy}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e := &Each{}
	zip := p.now
	if zip.text == "zip" {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if e.Zipped = p.now.word == "("; e.Zipped {
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
	}
	if err := p.lists(e, zip); err != nil {
		return nil, err
	}
	if e.Zipped {
		if err := p.expect(")", "behind the lists of zip", eachRemedy); err != nil {
			return nil, err
		}
	}
	if p.now.word == ";" {
		if err := p.options(e); err != nil {
			return nil, err
		}
	}
	if err := p.expect(")", "behind the lists of a for-each", eachRemedy); err != nil {
		return nil, err
	}
	return p.enclosed(at, e, nil)
}

// lists reads name = list, …; a variable called zip was read already.
func (p *arrowParser) lists(e *Each, zip token) error {
	for {
		variable := p.now
		if zip.text == "zip" && !e.Zipped && len(e.Over) == 0 {
			variable = zip
		} else if err := p.advance(); err != nil {
			return err
		}
		if variable.word != name || strings.ContainsAny(variable.text, ".-") {
			return &problem{at: variable.at, what: fmt.Sprintf("the name of a variable is expected, not %s",
				variable.what()), remedy: eachRemedy}
		}
		if err := variableName(variable.text); err != nil {
			return &problem{at: variable.at, what: err.Error(), remedy: "choose another name"}
		}
		for _, b := range e.Over {
			if b.Name == variable.text {
				return &problem{at: variable.at, what: fmt.Sprintf("`%s` is there twice", variable.text),
					remedy: "choose another name"}
			}
		}
		if p.now.word != "=" {
			return &problem{at: p.now.at, what: fmt.Sprintf("`=` is expected behind `%s`, not %s",
				clipped(variable.text), p.now.what()), remedy: eachRemedy}
		}
		list, err := p.expression(",;)", "the list of a for-each", eachRemedy)
		if err != nil {
			return err
		}
		e.Over = append(e.Over, Binding{variable.text, list})
		if len(e.Over) > mostLists {
			return &problem{at: variable.at, what: fmt.Sprintf("a for-each has more than %d lists", mostLists),
				remedy: "put for-eaches within each other"}
		}
		if p.now.word != "," {
			return nil
		}
		if err := p.advance(); err != nil {
			return err
		}
	}
}

const mostLists = 16

// variableName refuses names of variables that stand for something else.
func variableName(s string) error {
	switch s {
	case "steps", "parameters", "workflow", "winner", "envvar", "true", "false", "nil", "not", "and", "or", "in",
		"let", "if", "else",
		"matches", "contains", "startsWith", "endsWith", "until", "times":
		return fmt.Errorf("`%s` stands for something else in expressions", s)
	}
	return nil
}

const optionsRemedy = "behind the ; of a for-each stand parallel = 10, tolerate = 2, ordered"

// options reads ; parallel = 10, tolerate = 2, ordered.
func (p *arrowParser) options(e *Each) error {
	for {
		if err := p.advance(); err != nil {
			return err
		}
		key := p.now
		if key.word != name {
			return &problem{at: key.at, what: fmt.Sprintf("an option is expected, not %s", key.what()),
				remedy: optionsRemedy}
		}
		if err := p.advance(); err != nil {
			return err
		}
		var err error
		switch key.text {
		case "parallel":
			e.Parallel, err = p.count(1)
		case "tolerate":
			e.Tolerate, err = p.count(0)
		case "ordered":
			e.Ordered = true
		default:
			err = &problem{at: key.at, what: fmt.Sprintf("`%s` is no option of a for-each", clipped(key.text)),
				remedy: optionsRemedy}
		}
		if err != nil {
			return err
		}
		if p.now.word != "," {
			return nil
		}
	}
}

const mostIterations = 10_000_000

// count reads = NUMBER.
func (p *arrowParser) count(least int) (int, error) {
	if p.now.word != "=" {
		return 0, &problem{at: p.now.at, what: fmt.Sprintf("`=` is expected, not %s", p.now.what()),
			remedy: optionsRemedy}
	}
	rest := p.lex.text[p.now.end:]
	digits := strings.TrimLeft(rest, " \t\r\n")
	at := p.now.end + len(rest) - len(digits)
	n := 0
	for n < len(digits) && digits[n] >= '0' && digits[n] <= '9' {
		n++
	}
	value, err := strconv.Atoi(digits[:n])
	if err != nil || value < least || value > mostIterations {
		return 0, &problem{at: at, what: "a whole number is expected",
			remedy: fmt.Sprintf("from %d to %d", least, mostIterations)}
	}
	p.lex.at = at + n
	return value, p.advance()
}

const loopRemedy = "a loop is ++(until = steps.check.outputs.ok, times = 5) --< a -> check >--"

// loop reads ++(until = condition, times = 5) --< body >--.
func (p *arrowParser) loop() (*vertex, error) {
	at := p.now.at
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.now.word != "(" {
		return nil, &problem{at: p.now.at, what: fmt.Sprintf("`(` is expected behind `++`, not %s", p.now.what()),
			remedy: loopRemedy}
	}
	l := &Loop{}
	for _, key := range []string{"until", "times"} {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.now.text != key {
			return nil, &problem{at: p.now.at, what: fmt.Sprintf("`%s` is expected, not %s", key, p.now.what()),
				remedy: loopRemedy}
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		var err error
		switch {
		case p.now.word != "=":
			err = &problem{at: p.now.at, what: fmt.Sprintf("`=` is expected, not %s", p.now.what()), remedy: loopRemedy}
		case key == "times":
			l.Times, err = p.count(1)
		default:
			if l.Until, err = p.expression(",)", "the condition of a loop", loopRemedy); err == nil &&
				p.now.word != "," {
				err = &problem{at: p.now.at, what: "a loop needs a bound", remedy: loopRemedy}
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if err := p.expect(")", "behind the bound of a loop", loopRemedy); err != nil {
		return nil, err
	}
	return p.enclosed(at, nil, l)
}

// enclosed reads --< body >--.
func (p *arrowParser) enclosed(at int, e *Each, l *Loop) (*vertex, error) {
	remedy := eachRemedy
	if l != nil {
		remedy = loopRemedy
	}
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.expect(begin, "behind the brackets", remedy); err != nil {
		return nil, err
	}
	v, err := p.draft.enclose(p.scope, at, e, l)
	if err != nil {
		return nil, err
	}
	outer := p.scope
	p.scope = v.body
	defer func() { p.scope = outer }()
	if p.now.word != "(" {
		if _, err := p.chain(false); err != nil {
			return nil, err
		}
		return v, p.close(v, remedy)
	}
	for {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if err := p.row(); err != nil {
			return nil, err
		}
		if p.now.word != ";" {
			break
		}
	}
	if p.now.word != ")" {
		return nil, &problem{at: p.now.at, what: fmt.Sprintf("`->`, `,` or `)` is expected in --< ( ) >--, not %s",
			p.now.what()),
			remedy: "steps of an iteration follow each other by commas or arrows: --< (train, validate) >--"}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return v, p.close(v, remedy)
}

// close reads >--, and perhaps how the for-each joins what leads to it.
func (p *arrowParser) close(v *vertex, remedy string) error {
	if err := p.expect(finished, "behind the steps of `--<`", remedy); err != nil {
		return err
	}
	if p.now.word == "{" {
		if err := p.joining(v); err != nil {
			return err
		}
	}
	p.closed = p.now.at
	return nil
}

// row reads chain, chain, …, each of which follows the one before.
func (p *arrowParser) row() error {
	before, err := p.chain(false)
	for err == nil && p.now.word == "," {
		if err = p.advance(); err != nil {
			break
		}
		at := p.now.at
		var when string
		if when, err = p.guard(); err == nil && when == otherwise {
			err = &problem{at: at, what: "[else] stands before a branch of a split", remedy: elseRemedy}
		}
		if err != nil {
			break
		}
		var next piece
		if next, err = p.chain(true); err != nil {
			break
		}
		for _, from := range before.tails {
			if err := connect(from, next.head, when, at); err != nil {
				return err
			}
		}
		before = next
	}
	return err
}
