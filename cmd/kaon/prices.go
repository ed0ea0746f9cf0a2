package main

import (
	"fmt"
	"math"
	"os"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/kaon-sweep/kaon/server/accounting"
)

// prices are what an hour of resources costs.
type prices struct {
	cpu, gb, gpu float64
	currency     string
}

// cost is what amounts cost.
func (p *prices) cost(a accounting.UsageAmounts) float64 {
	return a.CPU*p.cpu + a.GB*p.gb + a.GPU*p.gpu
}

func readPrices(file string) (prices, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return prices{}, fmt.Errorf("read prices: %w", err)
	}
	return parsePrices(file, text)
}

const wantPrices = "want any of cpu_hour, gb_hour, gpu_hour and currency, as in cpu_hour: 0.03"

// parsePrices reads a table of prices, YAML.
func parsePrices(file string, text []byte) (p prices, err error) {
	defer func() { // a slip in the YAML library must refuse the file, not end the program
		if recover() != nil {
			err = fmt.Errorf("%s cannot be read as YAML: %s", file, wantPrices)
		}
	}()
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return p, fmt.Errorf("read %s as YAML: %w", file, err)
	}
	var all []*ast.MappingValueNode
	for _, doc := range parsed.Docs {
		switch node := doc.Body.(type) {
		case nil:
		case *ast.MappingNode:
			all = append(all, node.Values...)
		case *ast.MappingValueNode:
			all = append(all, node)
		default:
			return p, fmt.Errorf("%s is no table of prices: %s", file, wantPrices)
		}
	}
	if len(all) == 0 {
		return p, fmt.Errorf("%s is empty: %s", file, wantPrices)
	}
	for _, one := range all {
		key, value := one.Key.GetToken(), one.Value.GetToken()
		where := fmt.Sprintf("%s:%d: %s", file, key.Position.Line, key.Value)
		var to *float64
		switch key.Value {
		case "cpu_hour":
			to = &p.cpu
		case "gb_hour":
			to = &p.gb
		case "gpu_hour":
			to = &p.gpu
		case "currency":
			const longest = 20
			if _, scalar := one.Value.(ast.ScalarNode); !scalar || value.Value == "" || len(value.Value) > longest {
				return p, fmt.Errorf("%s: %s: want a short word, as EUR", where, one.Value)
			}
			p.currency = value.Value
			continue
		default:
			return p, fmt.Errorf("%s: no such price: %s", where, wantPrices)
		}
		_, scalar := one.Value.(ast.ScalarNode)
		n, wrong := strconv.ParseFloat(value.Value, 64)
		if !scalar || wrong != nil || !(n >= 0) || math.IsInf(n, 0) {
			return p, fmt.Errorf("%s: %s: want a number from 0 on, as 0.03", where, one.Value)
		}
		*to = n
	}
	return p, nil
}
