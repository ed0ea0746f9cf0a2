package foreign

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// HydraSweeper is what configurations say of Hydra's sweeper, as it would be typed behind -m.
type HydraSweeper struct {
	Overrides []string // the sweeper's own settings first
	Left      []*sweep.Error
}

// ReadHydra reads what a configuration of Hydra's says below hydra.sweeper: of the basic sweeper, of Optuna's, Ax's and
// Nevergrad's. It is nil when it says nothing there. Typed are keys of overrides that win, without signs before them:
// what the configuration says of the same is not looked at. The error is a *Refused, or the sweep.Errors of a file that
// is no YAML.
func ReadHydra(file string, src []byte, lenient bool, typed map[string]bool) (*HydraSweeper, error) {
	root, err := sweep.ReadTree(file, src)
	if err != nil {
		return nil, err
	}
	hydra := root.Get("hydra")
	s, sampler := hydra.Get("sweeper"), hydraSampler(root)
	if (s == nil || s.Null) && sampler == nil {
		return nil, nil
	}
	settled := map[string]bool{}
	for key := range typed {
		settled[hydraSetting(key)] = true
	}
	dropSettled(s, "hydra.sweeper", settled)
	r := &reading{file: file, src: src, lenient: lenient}
	h := &hydraReading{reading: r}
	switch {
	case sampler == nil, settled["hydra/sweeper/sampler"]:
	case slices.Contains(slices.Collect(maps.Values(hydraSamplers)), sampler.Text):
		h.set("hydra/sweeper/sampler", sampler.Text)
	default:
		h.leave(sampler, "hydra/sweeper/sampler", fmt.Sprintf("kaon has no sampler `%s`", clipped(sampler.Text)),
			"kaon chooses the method")
	}
	if mode := hydra.Get("mode"); mode != nil && strings.EqualFold(mode.Text, "MULTIRUN") {
		h.set("hydra.mode", "RUN") // else the program would sweep by itself
	}
	h.sweeper(r.object(s, "hydra.sweeper"))
	slices.SortStableFunc(r.left, byPlace)
	if r.needed || len(r.left) > 0 && !lenient {
		return nil, &Refused{Tool: "Hydra", Parts: r.left, Needed: r.needed}
	}
	return &HydraSweeper{append(h.settings, h.params...), r.left}, nil
}

// hydraSettings are keys by which sweepers know settings that have another key here.
var hydraSettings = map[string]string{
	"hydra.sweeper.ax_config.experiment.minimize": "hydra.sweeper.direction",
	"hydra.sweeper.optim.maximize":                "hydra.sweeper.direction",
	"hydra.sweeper.ax_config.max_trials":          "hydra.sweeper.n_trials",
	"hydra.sweeper.optim.budget":                  "hydra.sweeper.n_trials",
	"hydra.launcher.n_jobs":                       "hydra.sweeper.n_jobs",
	"hydra.sweeper.optim.num_workers":             "hydra.sweeper.n_jobs",
	"hydra.sweeper.ax_config.client.random_seed":  "hydra.sweeper.sampler.seed",
	"hydra.sweeper.optim.seed":                    "hydra.sweeper.sampler.seed",
	"hydra.sweeper.optim.optimizer":               "hydra/sweeper/sampler",
}

// hydraSetting is the key of an override that says the same as a key of a configuration.
func hydraSetting(key string) string {
	if to, ok := hydraSettings[key]; ok {
		return to
	}
	for _, space := range []string{"params.", "search_space.", "parametrization.", "ax_config.params."} {
		if name, ok := strings.CutPrefix(key, "hydra.sweeper."+space); ok {
			return strings.TrimLeft(name, "+")
		}
	}
	if strings.HasPrefix(key, "hydra.sweeper.sampler.") && key != "hydra.sweeper.sampler.seed" {
		return "hydra/sweeper/sampler"
	}
	return key
}

// dropSettled takes out of a part of a configuration what overrides say.
func dropSettled(t *sweep.Tree, path string, settled map[string]bool) {
	if t == nil || len(settled) == 0 {
		return
	}
	t.Pairs = slices.DeleteFunc(t.Pairs, func(p sweep.TreePair) bool {
		key := path + "." + p.Key.Text
		setting := hydraSetting(key)
		if setting == key { // else it is a parameter or a setting, as a whole
			dropSettled(p.Value, key, settled)
		}
		return settled[setting]
	})
}

// hydraSampler is the sampler that a list of defaults names, or nil.
func hydraSampler(root *sweep.Tree) *sweep.Tree {
	defaults := root.Get("defaults")
	if defaults == nil {
		return nil
	}
	for _, item := range defaults.Items {
		for _, p := range item.Pairs {
			if strings.HasSuffix(p.Key.Text, "hydra/sweeper/sampler") && !p.Value.Null {
				return p.Value
			}
		}
	}
	return nil
}

// HydraDefaults are the configurations that a list of defaults chooses, as files below the folder of configurations,
// without their ending.
func HydraDefaults(file string, src []byte) (names []string, err error) {
	root, err := sweep.ReadTree(file, src)
	if err != nil {
		return nil, err
	}
	defaults := root.Get("defaults")
	if defaults == nil {
		return nil, nil
	}
	for _, item := range defaults.Items {
		if !item.Mapping && !item.List && !item.Null && item.Text != "_self_" {
			names = append(names, item.Text)
		}
		for _, p := range item.Pairs {
			group := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(p.Key.Text, "optional "), "override "),
				"/")
			group, _, _ = strings.Cut(group, "@")
			if !p.Value.Null && !p.Value.List && !p.Value.Mapping {
				names = append(names, group+"/"+p.Value.Text)
			}
		}
	}
	return names, nil
}

type hydraReading struct {
	*reading
	settings, params []string
}

func (h *hydraReading) set(key, value string) { h.settings = append(h.settings, key+"="+value) }

const notSwept = "the parameter is not swept"

// hydraSamplers are classes of Optuna by the names that Hydra's groups have for them.
var hydraSamplers = map[string]string{"TPESampler": "tpe", "RandomSampler": "random", "GridSampler": "grid",
	"CmaEsSampler": "cmaes",
	"QMCSampler":   "qmc", "GPSampler": "gp"}

func (h *hydraReading) sweeper(o *object) {
	for key, to := range map[string]string{"direction": "direction", "n_trials": "n_trials", "n_jobs": "n_jobs"} {
		v := o.get(key)
		switch {
		case v == nil:
		case v.List:
			h.refuse(v, o.at(key), "several goals are not carried: name one")
		case strings.Contains(v.Text, "${"):
			h.leave(v, o.at(key), "a reference to another key is not carried", "it is not set")
		case key == "direction" && v.Text != "minimize" && v.Text != "maximize":
			h.refuse(v, o.at(key), "the direction is `minimize` or `maximize`")
		default:
			h.set("hydra.sweeper."+to, v.Text)
		}
	}
	slices.Sort(h.settings)
	o.idle("_target_", "study_name", "storage", "max_batch_size")
	if s := o.object("sampler"); s.tree != nil {
		class := s.text("_target_")
		name := hydraSamplers[class[strings.LastIndexByte(class, '.')+1:]]
		switch {
		case class != "" && name == "":
			h.leave(s.tree, o.at("sampler"), fmt.Sprintf("kaon has no `%s`", clipped(class)), "kaon chooses the method")
		case name != "":
			h.set("hydra/sweeper/sampler", name)
		}
		if seed, at := s.whole("seed"); at != nil {
			h.set("hydra.sweeper.sampler.seed", fmt.Sprint(seed))
		}
		s.idle("n_startup_trials", "n_ei_candidates", "multivariate", "consider_prior", "prior_weight",
			"consider_magic_clip", "consider_endpoints",
			"warn_independent_sampling", "group", "constant_liar")
		s.rest("kaon's method has no such setting")
	}
	h.parameters(o.object("params"), h.parameter)
	h.parameters(o.object("search_space"), h.distribution)
	h.parameters(o.object("parametrization"), h.scalar)
	if ax := o.object("ax_config"); ax.tree != nil {
		if n, at := ax.whole("max_trials"); at != nil {
			h.set("hydra.sweeper.n_trials", fmt.Sprint(n))
		}
		experiment := ax.object("experiment")
		if yes, at := experiment.boolean("minimize"); at != nil {
			h.set("hydra.sweeper.direction", map[bool]string{true: "minimize", false: "maximize"}[yes])
		}
		experiment.rest("it is not carried")
		client := ax.object("client")
		if seed, at := client.whole("random_seed"); at != nil {
			h.set("hydra.sweeper.sampler.seed", fmt.Sprint(seed))
		}
		client.idle("verbose_logging")
		client.rest("it is not carried")
		h.parameters(ax.object("params"), h.axParameter)
		ax.idle("is_noisy")
		ax.rest("it is not carried")
	}
	if n := o.object("optim"); n.tree != nil {
		if budget, at := n.whole("budget"); at != nil {
			h.set("hydra.sweeper.n_trials", fmt.Sprint(budget))
		}
		if jobs, at := n.whole("num_workers"); at != nil {
			h.set("hydra.sweeper.n_jobs", fmt.Sprint(jobs))
		}
		if seed, at := n.whole("seed"); at != nil {
			h.set("hydra.sweeper.sampler.seed", fmt.Sprint(seed))
		}
		if yes, at := n.boolean("maximize"); at != nil {
			h.set("hydra.sweeper.direction", map[bool]string{true: "maximize", false: "minimize"}[yes])
		}
		if v := n.get("optimizer"); v != nil {
			h.leave(v, n.at("optimizer"), "a search of Nevergrad's is not carried", "kaon chooses the method")
		}
		n.idle("noisy")
		n.rest("it is not carried")
	}
	o.rest("it is not carried")
}

func (h *hydraReading) parameters(o *object, read func(o *object, name string, v *sweep.Tree) string) {
	for _, p := range o.pairs() {
		v := o.get(p.Key.Text)
		if v == nil {
			continue
		}
		if strings.ContainsAny(p.Key.Text, "= \t\n'\"") {
			h.refuse(p.Key, o.at(p.Key.Text), "this cannot be the key of an override")
			continue
		}
		if text := read(o, p.Key.Text, v); text != "" {
			h.params = append(h.params, p.Key.Text+"="+text)
		}
	}
}

// parameter is one as it is typed, with blanks only where they part nothing.
func (h *hydraReading) parameter(o *object, name string, v *sweep.Tree) string {
	if v.Mapping || v.List {
		return source(v)
	}
	if strings.Contains(v.Text, "${") {
		h.leave(v, o.at(name), "a reference to another key is not carried", notSwept)
		return ""
	}
	return unspaced(v.Text)
}

// unspaced is a text as one word: blanks outside of quotes and brackets are left out beside commas, and else escaped.
func unspaced(text string) string {
	var b strings.Builder
	var quote byte
	depth := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			b.WriteByte(c)
			i++
			c = text[i]
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case depth > 0 && strings.IndexByte("\t\r\n", c) >= 0:
			c = ' '
		case depth == 0 && strings.IndexByte(" \t\r\n", c) >= 0:
			rest := strings.TrimLeft(text[i:], " \t\r\n")
			before := b.String()
			i = len(text) - len(rest) - 1
			if rest != "" && rest[0] != ',' && before != "" && !strings.HasSuffix(before, ",") {
				b.WriteString(`\ `)
			}
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// word writes a value within a choice.
func (h *hydraReading) word(v *sweep.Tree) string {
	if v.Plain && !strings.ContainsAny(v.Text, `,()[]{}=:'"\ `) && v.Text != "" {
		return v.Text
	}
	if v.List || v.Mapping {
		return source(v)
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v.Text) + "'"
}

func (h *hydraReading) choice(o *object, name string, v *sweep.Tree) string {
	var words []string
	for _, item := range v.Items {
		words = append(words, h.word(item))
	}
	if len(words) == 0 {
		h.refuse(v, o.at(name), "there are no values")
		return ""
	}
	return "choice(" + strings.Join(words, ",") + ")"
}

// interval writes a range; step 0: none.
func (h *hydraReading) interval(at *sweep.Tree, path string, low, high, step float64, log, whole bool) string {
	if low >= high || log && low <= 0 {
		h.refuse(at, path, "a range has a beginning and an end beyond it, by magnitude above 0")
		return ""
	}
	if step > 0 {
		if log {
			h.leave(at, path, "steps by magnitude are not carried", "they are left out")
		} else {
			last := low + math.Floor((high-low)/step+1e-9)*step // the step behind it is none of the range's
			const half = 2
			return fmt.Sprintf("range(%s,%s,%s)", number(low), number(last+step/half), number(step))
		}
	}
	text := fmt.Sprintf("interval(%s,%s)", number(low), number(high))
	if log {
		text = "tag(log," + text + ")"
	}
	if whole {
		text = "int(" + text + ")"
	}
	return text
}

// distribution is one of search_space, as Optuna's sweeper had it before Hydra 1.2.
func (h *hydraReading) distribution(o *object, name string, v *sweep.Tree) string {
	p := h.object(v, o.at(name))
	kind := p.text("type")
	if kind == "categorical" {
		choices := p.get("choices")
		if choices == nil || !choices.List {
			h.refuse(v, o.at(name), "a categorical parameter has a list of `choices`")
			return ""
		}
		return h.choice(o, name, choices)
	}
	low, a := p.float("low")
	high, b := p.float("high")
	step, _ := p.float("step")
	log, _ := p.boolean("log")
	if a == nil || b == nil || kind != "int" && kind != "float" {
		h.refuse(v, o.at(name), "a parameter is an `int` or a `float` from `low` to `high`, or `categorical`")
		return ""
	}
	if kind == "int" && step == 1 {
		step = 0
	}
	p.rest("it is not carried")
	return h.interval(v, o.at(name), low, high, step, log, kind == "int")
}

// axParameter is one of Ax.
func (h *hydraReading) axParameter(o *object, name string, v *sweep.Tree) string {
	if !v.Mapping {
		return h.parameter(o, name, v)
	}
	p := h.object(v, o.at(name))
	switch p.text("type") {
	case "choice":
		if values := p.get("values"); values != nil && values.List {
			return h.choice(o, name, values)
		}
	case "fixed":
		if value := p.get("value"); value != nil {
			return h.word(value)
		}
	case "range":
		bounds := p.list("bounds")
		if len(bounds) == 2 {
			low, ok := finite(bounds[0].Text)
			high, also := finite(bounds[1].Text)
			if ok && also {
				kind := p.text("value_type")
				whole := kind == "int" || kind == "" && bounds[0].Plain &&
					!strings.ContainsAny(bounds[0].Text+bounds[1].Text, ".eE")
				log, _ := p.boolean("log_scale")
				p.rest("it is not carried")
				return h.interval(v, o.at(name), low, high, 0, log, whole)
			}
		}
	}
	h.leave(v, o.at(name), "a parameter of Ax is a `range` with `bounds`, a `choice` with `values`, or `fixed` "+
		"with a `value`", notSwept)
	return ""
}

// scalar is one of Nevergrad.
func (h *hydraReading) scalar(o *object, name string, v *sweep.Tree) string {
	if v.List {
		return h.choice(o, name, v)
	}
	if !v.Mapping {
		return h.parameter(o, name, v)
	}
	p := h.object(v, o.at(name))
	low, a := p.float("lower")
	high, b := p.float("upper")
	if a == nil || b == nil {
		h.leave(v, o.at(name), "a parameter without bounds is not carried: it needs `lower` and `upper`", notSwept)
		return ""
	}
	log, _ := p.boolean("log")
	whole, _ := p.boolean("integer")
	p.idle("init", "step")
	p.rest("it is not carried")
	return h.interval(v, o.at(name), low, high, 0, log, whole)
}
