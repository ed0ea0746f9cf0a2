package sweep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

var operators = []string{resource.Is, resource.Like, resource.Unlike, resource.Unique, resource.Cluster,
	resource.GroupBy, resource.MaxPer}

// constraint reads [field, OPERATOR, value], or a mapping with the keys field, operator, value, soft.
func (d *decoder) constraint(n *node, field string) (resource.Constraint, bool) {
	const example = `[rack, LIKE, "r[12]"], or {field: gpu, operator: IS, value: v100, soft: true}`
	c := resource.Constraint{}
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
			c.Soft = d.boolean(soft, field+".soft", "write soft: true")
		}
	default:
		d.fail(n, field, "a constraint is [field, OPERATOR, value]", "write "+example)
		return c, false
	}
	return c, d.operator(&c, operator, value, field)
}

func (d *decoder) operator(c *resource.Constraint, operator, value *node, field string) bool {
	before := len(d.problems)
	name := strings.ToUpper(d.text(operator, field+".1"))
	if !slices.Contains(operators, name) {
		d.fail(operator, field+".1", fmt.Sprintf("unknown operator %s", operator.what()),
			didYouMean(name, operators))
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
	case resource.Is, resource.Like, resource.Unlike:
		if c.Value == "" {
			d.fail(operator, field, name+" needs a value", "write it as the third item")
		} else if name != resource.Is {
			d.regexp(c.Value, value, field+".2")
		}
	case resource.MaxPer, resource.GroupBy:
		if n, err := strconv.Atoi(c.Value); c.Value == "" && name == resource.MaxPer || c.Value != "" &&
			(err != nil || n < 1) {
			at := value
			if at == nil {
				at = operator
			}
			d.fail(at, field+".2", name+" needs a whole number above 0", "write it as the third item")
		}
	case resource.Unique:
		if c.Value != "" {
			d.fail(value, field+".2", "UNIQUE takes no value", "remove the third item")
		}
	}
	return len(d.problems) == before
}
