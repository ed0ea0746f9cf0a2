package scaling

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// keptAdvice is what was told last of a group.
type keptAdvice struct {
	Group  string    `json:"group"`
	Told   time.Time `json:"told"`
	Advice *Advice   `json:"advice"`
}

// kept reads what was told last of each group that there is still. Without it the cool-down of a group begins anew with
// this process, as when the file is damaged, of which the log has the remedy: nobody is to wait for advice because of
// that.
func (c *Config) kept(now time.Time) (told map[string]time.Time, last map[string]*Advice) {
	told, last = map[string]time.Time{}, map[string]*Advice{}
	if c.File == "" {
		return told, last
	}
	var all []keptAdvice
	text, err := os.ReadFile(c.File)
	if errors.Is(err, fs.ErrNotExist) {
		return told, last
	}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		c.Log.Error("the advice that was told last cannot be read, and may be told once more; it is written anew "+
			"with the next, or remove the file", "file", c.File, "err", err)
		return told, last
	}
	for _, one := range all {
		for i := range c.Groups {
			if c.Groups[i].Name == one.Group && one.Advice != nil {
				told[one.Group], last[one.Group] = one.Told, one.Advice
				if one.Told.After(now) { // the clock was set back since
					told[one.Group] = now
				}
			}
		}
	}
	return told, last
}

// keep writes what was told last, in the order of the rules.
func (s *Scaler) keep() {
	if s.cfg.File == "" {
		return
	}
	all := []keptAdvice{}
	for i := range s.cfg.Groups {
		name := s.cfg.Groups[i].Name
		if at, ever := s.told[name]; ever {
			all = append(all, keptAdvice{name, at.UTC(), s.last[name]})
		}
	}
	text, err := json.Marshal(all)
	if err == nil {
		err = durable.Replace(s.cfg.File, append(text, '\n'))
	}
	if err != nil {
		s.cfg.Log.Error("what is advised cannot be kept, and may be told once more after a restart", "file",
			s.cfg.File, "err", err)
	}
}
