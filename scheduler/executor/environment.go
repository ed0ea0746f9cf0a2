package executor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/executor/environ"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// environment is what the attempt sees, its secrets too.
func (t *attempt) environment(id *identity) ([]string, error) {
	o := t.order
	o.Env = slices.Clone(o.Env)
	for _, name := range slices.Sorted(maps.Keys(t.private)) {
		o.Env = append(o.Env, name+"="+t.private[name])
	}
	base := slices.Concat(t.host.conf.Environ, ports(t.resources))
	if id != nil {
		base = id.withHome(base)
	}
	env, err := environment(base, &o, t.dir)
	if err != nil {
		return nil, err
	}
	if len(o.Inputs) > 0 {
		env = append(env, "KAON_INPUTS="+t.inputs)
	}
	if t.resumed != "" {
		env = append(env, "KAON_RESUME_FROM="+t.resumed)
	}
	return t.withPrometheus(t.withMlflow(t.withWandb(env))), nil
}

// ports tells a trial the ports it was given.
func ports(resources []mesosapi.Resource) []string {
	var all []uint64
	for i := range resources {
		if resources[i].Name != "ports" {
			continue
		}
		for _, r := range resources[i].GetRanges().GetRange() {
			for p := r.Begin; p <= r.End && len(all) < maxPorts; p++ {
				all = append(all, p)
			}
		}
	}
	return PortVariables(all)
}

// PortVariables tells a trial of its ports as Marathon does: PORT0, PORT1 and so on, and PORTS with all of
// them.
func PortVariables(ports []uint64) []string {
	if len(ports) == 0 {
		return nil
	}
	env := make([]string, 0, len(ports)+1)
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.FormatUint(p, 10)
		env = append(env, "PORT"+strconv.Itoa(i)+"="+words[i])
	}
	return append(env, "PORTS="+strings.Join(words, ","))
}

// maxPorts is how many ports are told, so that they fit an environment.
const maxPorts = 1000

// pythonUnbuffered is set unless the user did, also to nothing, which is Python's own way.
const pythonUnbuffered = "PYTHONUNBUFFERED"

// environment is what an attempt sees: base, then the order's own, then kaon's; a later value replaces an
// earlier one.
func environment(base []string, o *task.Order, dir string) ([]string, error) {
	env := environ.New(base)
	for _, pair := range o.Env {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" || strings.IndexByte(name, 0) >= 0 {
			return nil, fmt.Errorf("bad environment entry %q: want NAME=value", pair)
		}
		env.Put(name, expandFolder(value, dir))
	}
	// Python holds back what it prints to a pipe, by kilobytes, so that a trial seems to say nothing until
	// its end.
	env.PutUnlessSet(pythonUnbuffered, "1")
	env.Put("KAON_SWEEP", o.Sweep)
	env.Put("KAON_TRIAL", strconv.Itoa(o.Trial))
	env.Put("KAON_ATTEMPT", strconv.Itoa(o.Attempt))
	env.Put("KAON_SEED", strconv.FormatUint(o.Seed, 10))
	if o.Objective != "" {
		env.Put("KAON_OBJECTIVE", o.Objective)
	}
	env.Put("KAON_METRICS", filepath.Join(dir, metricsName))
	env.Put("KAON_CONTROL", filepath.Join(dir, controlName))
	env.Put("KAON_ARTIFACTS", filepath.Join(dir, artifactsName))
	env.Put("KAON_OUTPUT", filepath.Join(dir, artifactsName, outputName))
	if err := putParams(env.Put, o.Params); err != nil {
		return nil, err
	}
	return env.Pairs(), nil
}

// putParams puts the parameters, all in one variable and each in one of its own. The kernel starts no program
// with a variable beyond its bound: such a parameter is in ${args_json_file} alone.
func putParams(put func(name, value string), all []byte) error {
	if len(all) == 0 {
		put("KAON_PARAMS", "{}")
		return nil
	}
	used := 0
	small := func(name, value string) {
		size := len(name) + 1 + len(value)
		if size > sweep.MaxWord || used+size > sweep.MaxWords {
			return
		}
		used += size
		put(name, value)
	}
	small("KAON_PARAMS", string(all))
	var params map[string]json.RawMessage
	if err := json.Unmarshal(all, &params); err != nil {
		return fmt.Errorf("read parameters %.200q: %w", all, err)
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		small(sweep.EnvName(name), plain(params[name]))
	}
	return nil
}

// plain writes a parameter's value: a string without its quotes, anything else as JSON on one line.
func plain(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil && len(value) > 0 && bytes.TrimSpace(value)[0] == '"' {
		return strings.ReplaceAll(s, "\x00", "")
	}
	var one bytes.Buffer
	if err := json.Compact(&one, value); err != nil {
		return string(value)
	}
	return one.String()
}
