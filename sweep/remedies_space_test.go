package sweep

func init() {
	for name, byHand := range map[string][][]string{
		"zip-uneven": {{"[0.1, 0.01]", "[0.1, 0.01, 0.001]"}},
		"zip-places": {{"[[lr, batch], [batch, n]]", "[[lr, batch, n]]"},
			{", probabilities: [0.5, 0.25, 0.25]", "", "categorical_w_probabilities", "categorical"}},
		"zip-names": {{"{min: 0.1, max: 1.0}", "{values: [0.1, 0.5, 1.0]}"}, nil,
			{", [batch, opt]", "", "batch]", "batch, opt.eps]"}, {", opt]", ", opt.eps]"}},
		"zip-text":    {{"lr and batch", "[[lr, batch]]"}},
		"zip-single":  {{"[lr]", "[lr, batch]"}},
		"exclude-all": {{", 0.01]}]", "]}]"}},
		"exclude": {nil, {"33", "32"}, {"{}", "{lr: 0.1}"}, {"[lr, batch]", "lr > 0.01"},
			{"lr > momentum", "lr > 0.01"}, {"1 > 2", "lr > 0.2"}, {"{opt: 1}", "{opt.eps: 1}"}, {"17", "32"}},
		"try": {{"lr: 2,", "lr: 1.0,"}, {"lr: 1,", "lr: 0.5,"}, {", momentum: 0.5", ""}, {"[16, 32]", "16"},
			{"- 0.1", "- {lr: 0.1, batch: 32}"}, {"learning_rate", "lr"}, {"  - {batch: 16, lr: 0.1}\n", ""}},
		"try-text": {{"try: first", "try: [{lr: 0.1}]"}},
		"metric-bounds": {{"max: 20, min: 30", "max: 30, min: 20"}, {"accuracy: 3", "accuracy: {goal: minimize}"},
			{"loss < 3", "loss: {max: 3}"}, {"lr: {max: 0.5}", "lr <= 0.5"}, {"memory: 20", "memory: {max: 20}"},
			{"  - latency_ms: {max: 30}\n", ""}, {", mux: 2", ""}},
		"repeat":     {{"trials: 0", "trials: 3"}, {"q90", "q0.9"}, {", seeds: 3", ""}},
		"repeat-cap": {{"run_cap: 2", "run_cap: 3"}},
		"default":    {{"default: 3", "default: 0.3"}, {"48", "32"}},
	} {
		remedies[name] = byHand
	}
}
