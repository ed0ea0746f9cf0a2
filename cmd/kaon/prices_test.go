package main

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/accounting"
)

func TestPrices(t *testing.T) {
	t.Parallel()
	p, err := parsePrices("p.yaml", []byte("cpu_hour: 0.5\ngpu_hour: 2\ncurrency: EUR # here\n"))
	if err != nil || p != (prices{cpu: 0.5, gpu: 2, currency: "EUR"}) {
		t.Errorf("%+v, %v", p, err)
	}
	if cost := p.cost(accounting.UsageAmounts{CPU: 3, GB: 100, GPU: 2}); cost != 5.5 {
		t.Errorf("cost %v", cost)
	}
	if p, err = parsePrices("p.yaml", []byte("{cpu_hour: 0.03, gb_hour: 0.004, gpu_hour: 1.2, currency: EUR}")); err != nil || p.gb != 0.004 {
		t.Errorf("%+v, %v", p, err)
	}
	for text, says := range map[string]string{
		"":                                     "p.yaml is empty",
		"[1, 2]":                               "no table of prices",
		"a: {":                                 "p.yaml",
		"gb_hour: 1\ncpus: 3":                  "p.yaml:2: cpus: no such price",
		"gb_hour: 1\ncpu_hour: -1":             "p.yaml:2: cpu_hour: -1",
		"cpu_hour: .inf":                       "cpu_hour: .inf",
		"cpu_hour: 1e999":                      "cpu_hour: 1e999",
		"cpu_hour: {a: 1}":                     "want a number",
		"cpu_hour:":                            "want a number",
		"currency: [EUR]":                      "want a short word",
		"cpu_hour: 1\ncpu_hour: 2":             "p.yaml",
		"currency: " + strings.Repeat("x", 50): "want a short word",
	} {
		if _, err := parsePrices("p.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}
