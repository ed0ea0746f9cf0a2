package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kaon-sweep/kaon/sweep"
)

// piece is a part of a statement: text, or the name of a parameter that stands there.
type piece struct {
	Text  string `json:"text,omitempty"`
	Param string `json:"param,omitempty"`
}

// statements parts a text of SQL at its semicolons, and finds its parameters, written as :name. What stands in quotes,
// comments and $tags$ is passed over, and so is ::, a cast.
func statements(text string) (all [][]piece, err error) {
	var now []piece
	begin, at := 0, 0
	flush := func(to int) {
		if to > begin {
			now = append(now, piece{Text: text[begin:to]})
		}
	}
	end := func() {
		blank := !slices.ContainsFunc(now, func(p piece) bool {
			return p.Param != "" || strings.TrimSpace(uncommented(p.Text)) != ""
		})
		if !blank {
			all = append(all, now)
		}
		now = nil
	}
	for at < len(text) {
		if over := passed(text[at:]); over > 0 {
			at += over
			continue
		} else if over < 0 {
			return nil, fmt.Errorf("line %d: what begins with %.2s does not end",
				1+strings.Count(text[:at], "\n"), text[at:])
		}
		switch {
		case text[at] == ';':
			flush(at)
			end()
			at++
			begin = at
		case strings.HasPrefix(text[at:], "::"):
			at += 2
		case text[at] == ':' && at+1 < len(text) && letter(text[at+1]) &&
			(at == 0 || !letter(text[at-1]) && !digit(text[at-1])):
			to := at + 1
			for to < len(text) && (letter(text[to]) || digit(text[to])) {
				to++
			}
			flush(at)
			now = append(now, piece{Param: text[at+1 : to]})
			at, begin = to, to
		default:
			at++
		}
	}
	flush(len(text))
	end()
	return all, nil
}

func letter(b byte) bool { return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
func digit(b byte) bool  { return b >= '0' && b <= '9' }

// passed is how long the quoted text or comment is that a text begins with; 0: it does with neither, -1: it has no end.
func passed(text string) int {
	until := func(from int, closing string) int {
		if i := strings.Index(text[from:], closing); i >= 0 {
			return from + i + len(closing)
		}
		return -1
	}
	switch {
	case strings.HasPrefix(text, "--"):
		if to := until(0, "\n"); to > 0 {
			return to
		}
		return len(text)
	case strings.HasPrefix(text, "/*"):
		return until(2, "*/")
	case text[0] == '\'' || text[0] == '"' || text[0] == '`':
		return until(1, text[:1]) // a doubled quote is the end of one text and the beginning of the next
	case text[0] == '$':
		to := 1
		for to < len(text) && letter(text[to]) {
			to++
		}
		if to < len(text) && text[to] == '$' {
			return until(to+1, text[:to+1])
		}
	}
	return 0
}

// uncommented is a text without its comments.
func uncommented(text string) string {
	var b strings.Builder
	for text != "" {
		over := passed(text)
		switch {
		case over > 0 && !strings.HasPrefix(text, "--") && !strings.HasPrefix(text, "/*"):
			b.WriteString(text[:over])
			text = text[over:]
		case over > 0:
			text = text[over:]
		default:
			_, size := utf8.DecodeRuneInString(text)
			b.WriteString(text[:size])
			text = text[size:]
		}
	}
	return b.String()
}

// queryKeys are keys of types that ask in SQL.
var queryKeys = []Key{
	{Name: "query", Kind: "text", Text: "what is asked, with :name for parameters, several parted by ;. Or `file`"},
	{Name: "file", Kind: "text", Text: "a file with it"},
	{Name: "parameters", Kind: "mapping", Text: "values by name"},
	{Name: "rows", Kind: "number", Text: "how many rows of the last answer are put out; 1000 when left out"},
}

// query reads the keys of queryKeys: the statements, and the values of all parameters that stand in them.
func (c *Call) query() (all [][]piece, values map[string]any, rows int, err error) {
	text, err := c.text("query")
	if err != nil {
		return nil, nil, 0, err
	}
	file, err := c.text("file")
	switch {
	case err != nil:
		return nil, nil, 0, err
	case (text == "") == (file == ""):
		return nil, nil, 0, wrong("it has `query` or `file`, and not both")
	case file != "":
		data, err := ReadFile(c.path(file))
		if err != nil {
			return nil, nil, 0, wrong("file: %w", err)
		}
		text = string(data)
	}
	if all, err = statements(text); err != nil {
		return nil, nil, 0, wrong("%s: %w", or(file, "query"), err)
	}
	if len(all) == 0 {
		return nil, nil, 0, wrong("%s: it asks nothing", or(file, "query"))
	}
	if values, err = c.mapping("parameters"); err != nil {
		return nil, nil, 0, err
	}
	used := map[string]bool{}
	for _, s := range all {
		for _, p := range s {
			if _, ok := values[p.Param]; p.Param != "" && !ok {
				return nil, nil, 0, wrong("parameters: :%s stands in the query, and has no value", p.Param)
			}
			used[p.Param] = true
		}
	}
	for name := range values {
		if !used[name] {
			return nil, nil, 0, wrong("parameters.%s: :%s does not stand in the query", name, name)
		}
	}
	rows = MaxTable
	if v, err := c.text("rows"); err != nil {
		return nil, nil, 0, err
	} else if v != "" {
		const most = 100_000
		if rows, err = strconv.Atoi(v); err != nil || rows < 0 || rows > most {
			return nil, nil, 0, wrong("rows: a number from 0 to %d is needed, not %s", most, v)
		}
	}
	return all, values, rows, nil
}

// checkQuery refuses what is known to be wrong before a run begins. A value in the text of a query would be part of its
// text.
func checkQuery(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	query, file := keys.Get("query"), keys.Get("file")
	if (query == nil) == (file == nil) {
		fail(keys, "", "it has `query` or `file`, and not both", "write query: SELECT …, or file: report.sql")
		return
	}
	if query == nil {
		return
	}
	if template(strings.ReplaceAll(query.Text, "$${", "")) {
		fail(query, "query", "a value in ${…} would become part of the query",
			"write :name, and parameters: {name: ${…}}")
		return
	}
	all, err := statements(query.Text)
	if err != nil {
		fail(query, "query", err.Error(), "close it")
		return
	}
	values := keys.Get("parameters")
	if values != nil && !values.Mapping {
		return
	}
	for _, s := range all {
		for _, p := range s {
			if p.Param != "" && values.Get(p.Param) == nil {
				fail(query, "query", fmt.Sprintf(":%s has no value", p.Param),
					"give it one: parameters: {"+p.Param+": …}")
				return
			}
		}
	}
}
