package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
)

// Cordon keeps agents from getting work because an operator wants it, as a server keeps it. Fields may be added, not
// renamed: it is a file's.
type Cordon struct {
	ID        string    `json:"id"`
	Agent     string    `json:"agent,omitempty"` // id or host; empty: those with the attribute
	Attribute string    `json:"attribute,omitempty"`
	Value     string    `json:"value,omitempty"`
	Deadline  time.Time `json:"deadline,omitzero"` // when what still runs there is moved; zero: it may take its time
	Reason    string    `json:"reason,omitempty"`
	By        string    `json:"by,omitempty"`
	Created   time.Time `json:"created"`
}

// same reports whether two cordons mean the same agents.
func (c *Cordon) same(o *Cordon) bool {
	return c.Agent == o.Agent && c.Attribute == o.Attribute && c.Value == o.Value
}

// CordonsFile, in the folder of a server, has its cordons.
const CordonsFile = "cordons.json"

// ErrNoCordon: there is no cordon of that id.
var ErrNoCordon = errors.New("there is no such cordon")

// cordons are those of a server. What is in force is in the file.
type cordons struct {
	mu   sync.Mutex
	file string
	list []Cordon
}

func (c *cordons) open(folder string) error {
	c.file = filepath.Join(folder, CordonsFile)
	text, err := os.ReadFile(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c.list)
	}
	if err != nil {
		return fmt.Errorf("read which agents are cordoned, in %s: %w; mend the file, or remove it and cordon "+
			"them again", c.file, err)
	}
	return nil
}

// forCore is the list as the scheduler takes it; with mu held, or before there is a second goroutine.
func (c *cordons) forCore() []scheduler.Cordon {
	list := make([]scheduler.Cordon, len(c.list))
	for i, one := range c.list {
		list[i] = scheduler.Cordon{ID: one.ID, Agent: one.Agent, Attribute: one.Attribute, Value: one.Value,
			Deadline: one.Deadline, Reason: one.Reason}
	}
	return list
}
