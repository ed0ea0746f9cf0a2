package scaling

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Group is a rule about the agents that have an attribute.
type Group struct {
	Name             string
	Attribute, Value string
	New              offers.Agent // what one more would be: its Capacity, its Attributes
	MinIdle          int          // agents that are to do nothing, for what comes next
	MaxIdle          int          // agents that may do nothing; -1: as many as there are
	MostAgents       int
	CoolDown         time.Duration // between two pieces of advice
	Webhook          string        // that is told; empty: Command is run
	Command          []string
}

// Bounds of a file of groups.
const (
	mostGroups    = 100
	mostAgents    = 100_000
	usualCoolDown = 5 * time.Minute
)

var groupName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,100}$`)

type fileGroup struct {
	Name      string `yaml:"name"`
	Attribute string `yaml:"attribute"`
	Value     string `yaml:"value"`
	Agent     struct {
		CPUs       float64            `yaml:"cpus"`
		MemoryMB   float64            `yaml:"memory_mb"`
		DiskMB     float64            `yaml:"disk_mb"`
		GPUs       float64            `yaml:"gpus"`
		Named      map[string]float64 `yaml:"named"`
		Attributes map[string]string  `yaml:"attributes"`
	} `yaml:"agent"`
	MinIdle    int      `yaml:"min_idle"`
	MaxIdle    *int     `yaml:"max_idle"`
	MostAgents int      `yaml:"max_agents"`
	CoolDown   string   `yaml:"cool_down"`
	Webhook    string   `yaml:"webhook"`
	Command    []string `yaml:"command"`
}

// Parse reads the groups of a file, YAML. Its errors name the file and what is wrong, and the line where YAML has one.
func Parse(file string, text []byte) (groups []Group, err error) {
	defer func() { // a slip in the YAML library must refuse the file, not end the program
		if recover() != nil {
			err = fmt.Errorf("%s cannot be read as YAML", file)
		}
	}()
	var all struct {
		Groups []fileGroup `yaml:"groups"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&all); err != nil &&
		!errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if len(all.Groups) == 0 || len(all.Groups) > mostGroups {
		return nil, fmt.Errorf("%s: want groups: with 1 to %d of them", file, mostGroups)
	}
	known := map[string]bool{}
	for i := range all.Groups {
		one := &all.Groups[i]
		g, err := one.group()
		if err == nil && known[g.Name] {
			err = errors.New("the name is of another group, too")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: group %d (%q): %w", file, i+1, one.Name, err)
		}
		known[g.Name] = true
		groups = append(groups, g)
	}
	return groups, nil
}

func (f *fileGroup) group() (g Group, err error) {
	g = Group{
		Name: f.Name, Attribute: f.Attribute, Value: f.Value, MinIdle: f.MinIdle, MaxIdle: -1, MostAgents: f.MostAgents,
		CoolDown: usualCoolDown,
		Webhook:  f.Webhook, Command: f.Command,
	}
	if f.MaxIdle != nil {
		g.MaxIdle = *f.MaxIdle
	}
	if f.CoolDown != "" {
		if g.CoolDown, err = time.ParseDuration(f.CoolDown); err != nil || g.CoolDown < time.Second {
			return g, fmt.Errorf("cool_down: %s: want a time of a second or more, as in 5m", f.CoolDown)
		}
	}
	at, wrong := url.Parse(f.Webhook)
	switch {
	case !groupName.MatchString(g.Name):
		return g, errors.New("name: want letters, digits and any of ._- as in gpu-nodes")
	case g.Attribute == "" || g.Value == "":
		return g, errors.New("want attribute and value, which its agents have")
	case !(f.Agent.CPUs > 0) || !(f.Agent.MemoryMB > 0) || f.Agent.DiskMB < 0 || f.Agent.GPUs < 0:
		return g, errors.New("agent: want what one has, as in {cpus: 16, memory_mb: 65536, gpus: 4}")
	case g.MostAgents < 1 || g.MostAgents > mostAgents:
		return g, fmt.Errorf("max_agents: %d: want how many there may be, from 1 to %d", g.MostAgents, mostAgents)
	case g.MinIdle < 0 || g.MinIdle > g.MostAgents:
		return g, fmt.Errorf("min_idle: %d: want a number from 0 to max_agents", g.MinIdle)
	case f.MaxIdle != nil && (g.MaxIdle < g.MinIdle || g.MaxIdle > mostAgents):
		return g, fmt.Errorf("max_idle: %d: want a number from min_idle on; left out, none is ended", g.MaxIdle)
	case (f.Webhook == "") == (len(f.Command) == 0):
		return g, errors.New("want webhook: URL or command: [PROGRAM, ARGUMENT…], which is told")
	case f.Webhook != "" && (wrong != nil || at.Scheme != "http" && at.Scheme != "https" || at.Hostname() == "" ||
		at.User != nil || at.Fragment != ""):
		return g, errors.New("webhook: want https://host/path, without a user and without a #")
	}
	// What its name will be is not known; that it has one is.
	g.New = offers.Agent{Hostname: g.Name, Attributes: []offers.Attribute{{Name: g.Attribute, Value: g.Value}},
		Capacity: resource.Resources{
			CPUs: resource.FromFloat(f.Agent.CPUs), Mem: resource.FromFloat(f.Agent.MemoryMB),
			GPUs: resource.FromFloat(f.Agent.GPUs),
			Disk: resource.FromFloat(f.Agent.DiskMB), Ports: usualPorts,
		}}
	if f.Agent.DiskMB == 0 {
		g.New.Capacity.Disk = manyMB
	}
	for name, amount := range f.Agent.Named {
		if g.New.Capacity.Named == nil {
			g.New.Capacity.Named = map[string]resource.Milli{}
		}
		g.New.Capacity.Named[name] = resource.FromFloat(amount)
	}
	for name, value := range f.Agent.Attributes {
		g.New.Attributes = append(g.New.Attributes, offers.Attribute{Name: name, Value: value})
	}
	return g, nil
}

// What an agent has of which a group says nothing: as many ports as Mesos offers, and all the disk that is asked for.
const (
	usualPorts = 1000
	manyMB     = resource.Milli(1) << 50
)
