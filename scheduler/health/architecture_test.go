package health_test

import (
	"testing"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/health"
)

func TestArchitectureOfAttributes(t *testing.T) {
	for want, all := range map[string][][]offers.Attribute{
		"amd64": {
			{{Name: "arch", Value: "amd64"}}, {{Name: "rack", Value: "arm64"}, {Name: "arch", Value: "X86_64"}},
			{{Name: "cpu_arch", Value: "x86-64"}}, {{Name: "cpu_arch", Value: "X64"}},
			{{Name: "cpu_arch", Value: "arm64"}, {Name: "arch", Value: "amd64"}}, // arch is asked first
		},
		"arm64": {
			{{Name: "arch", Value: "arm64"}}, {{Name: "cpu_arch", Value: "AArch64"}},
			{{Name: "arch", Value: "neoverse"}, {Name: "cpu_arch", Value: "arm64"}},
		},
		"": {
			nil, {{Name: "arch", Value: "haswell"}}, {{Name: "ARCH", Value: "arm64"}}, {{Name: "arch", Value: "64"}},
			{{Name: "arch", Value: "{arm64}", Set: []string{"arm64"}}},
		},
	} {
		for _, list := range all {
			if got := health.Architecture(list); got != want {
				t.Errorf("%v: %q, want %q", list, got, want)
			}
		}
	}
}
