package sweep

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Constraint is one placement rule in Marathon's notation: [field, OPERATOR, value].
type Constraint struct {
	Field    string `json:"field"` // an agent attribute, or "hostname"
	Operator string `json:"operator"`
	Value    string `json:"value,omitempty"`
	Soft     bool   `json:"soft,omitempty"` // a wish: preferred, never the reason to wait
}

// Operators of constraints, as Marathon defines them.
const (
	Is      = "IS"
	Like    = "LIKE"
	Unlike  = "UNLIKE"
	Unique  = "UNIQUE"
	Cluster = "CLUSTER"
	GroupBy = "GROUP_BY"
	MaxPer  = "MAX_PER"
)

var operators = []string{Is, Like, Unlike, Unique, Cluster, GroupBy, MaxPer}

// constraint reads [field, OPERATOR, value], or a mapping with the keys field, operator, value, soft.
func (d *decoder) constraint(n *node, field string) (Constraint, bool) {
	const example = `[rack, LIKE, "r[12]"], or {field: gpu, operator: IS, value: v100, soft: true}`
	c := Constraint{}
	var operator, value *node
	switch {
	case n.kind == list && (len(n.items) == 2 || len(n.items) == 3):
		c.Field = d.text(n.items[0], field+".0")
		operator = n.items[1]
		if len(n.items) == 3 {
			value = n.items[2]
		}
	case n.kind == mapping:
		if !d.mapping(n, field, "constraint") || n.get("field") == nil || n.get("operator") == nil {
			d.fail(n, field, "a constraint needs `field` and `operator`", "write "+example)
			return c, false
		}
		c.Field = d.text(n.get("field"), field+".field")
		operator, value = n.get("operator"), n.get("value")
		if soft := n.get("soft"); soft != nil {
			v, _ := d.scalar(soft, field+".soft", "true or false")
			yes, isBool := v.(bool)
			if !isBool {
				d.fail(soft, field+".soft", "true or false is needed, not "+soft.what(), "write soft: true")
			}
			c.Soft = yes
		}
	default:
		d.fail(n, field, "a constraint is [field, OPERATOR, value]", "write "+example)
		return c, false
	}
	return c, d.operator(&c, operator, value, field)
}

func (d *decoder) operator(c *Constraint, operator, value *node, field string) bool {
	before := len(d.problems)
	name := strings.ToUpper(d.text(operator, field+".1"))
	if !slices.Contains(operators, name) {
		d.fail(operator, field+".1", fmt.Sprintf("unknown operator %s", operator.what()), didYouMean(name, operators))
		return false
	}
	c.Operator = name
	if c.Field == "" {
		d.fail(operator, field+".0", "the field is empty", "name an agent attribute, or hostname")
	}
	if value != nil && !value.null {
		c.Value = d.text(value, field+".2")
	}
	switch name {
	case Is, Like, Unlike:
		if c.Value == "" {
			d.fail(operator, field, name+" needs a value", "write it as the third item")
		} else if _, err := regexp.Compile(c.Value); name != Is && err != nil {
			d.fail(value, field+".2", "not a regular expression: "+short(strings.TrimPrefix(err.Error(), "error parsing regexp: ")), "write it in RE2 syntax")
		}
	case MaxPer, GroupBy:
		if n, err := strconv.Atoi(c.Value); c.Value == "" && name == MaxPer || c.Value != "" && (err != nil || n < 1) {
			at := value
			if at == nil {
				at = operator
			}
			d.fail(at, field+".2", name+" needs a whole number above 0", "write it as the third item")
		}
	case Unique:
		if c.Value != "" {
			d.fail(value, field+".2", "UNIQUE takes no value", "remove the third item")
		}
	}
	return len(d.problems) == before
}
