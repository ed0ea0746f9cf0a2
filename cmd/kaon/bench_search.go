package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kaon-sweep/kaon/bench"
)

type benchSearchCmd struct {
	Method      []string `default:"tpe" placeholder:"NAME" help:"Search method; may be repeated (${default})."`
	Function    []string `placeholder:"NAME" help:"Only this test function; may be repeated. A wrong name lists them."`
	Evaluations []int    `default:"100" placeholder:"N" help:"After how many finished trials to look; may be repeated (${default})."`
	Pending     int      `default:"1" placeholder:"P" help:"Trials in flight, which finish in an order that the seed chooses (${default})."`
	Seeds       int      `default:"11" placeholder:"K" help:"How many seeds, of which the median counts (${default})."`
	Stop        string   `placeholder:"RULE" help:"End trials early by this rule, asha or one as '{type: asha, min_iter: 2}', where a function has epochs: digits-table. Evaluations are then full trainings' worth of epochs."`
	Trials      int      `placeholder:"N" help:"With --stop: how many trials may begin; four for each full training when left out."`
	Picture     string   `placeholder:"SVG" help:"Also draw regret against trials, a panel for each function."`
	JSON        bool     `name:"json" help:"Print JSON."`
}

func (c *benchSearchCmd) Run(out *output) error {
	for _, n := range append([]int{c.Pending, c.Seeds}, c.Evaluations...) {
		if n < 1 {
			return usage(errors.New("--evaluations, --pending and --seeds are at least 1"))
		}
	}
	rows, curves := []bench.SearchRow{}, []bench.Curve{}
	err := bench.Search(bench.SearchConfig{
		Methods: c.Method, Functions: c.Function, Evaluations: c.Evaluations, Pending: c.Pending, Seeds: c.Seeds,
		Stop: c.rule(), Trials: c.Trials,
		Curve: func(curve bench.Curve) {
			if c.Picture != "" {
				curves = append(curves, curve)
			}
		},
	}, func(r bench.SearchRow) error {
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		return usage(err)
	}
	if c.Picture != "" {
		err := writeFile(c.Picture, func(w io.Writer) error {
			return bench.RegretPicture(w, curves, c.Pending, c.Seeds)
		})
		if err != nil {
			return err
		}
	}
	if c.JSON {
		enc := json.NewEncoder(out.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"rows": rows})
	}
	return bench.WriteSearch(out.stdout, rows)
}

// rule is --stop as a spec has it: a word alone is a rule with its defaults, to the table's last epoch.
func (c *benchSearchCmd) rule() string {
	if c.Stop == "" || strings.HasPrefix(c.Stop, "{") || strings.HasPrefix(c.Stop, "[") {
		return c.Stop
	}
	if c.Stop == "asha" || c.Stop == "hyperband" {
		return fmt.Sprintf("{type: %s, max_iter: %d}", c.Stop, bench.DigitsEpochs)
	}
	return fmt.Sprintf("{type: %s}", c.Stop)
}
