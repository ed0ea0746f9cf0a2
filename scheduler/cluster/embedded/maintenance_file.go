package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/master"
	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// What is said of maintenance lies in <work>/maintenance.json: a machine that is down must not be given work because
// the master was started anew, as it is known to Mesos's registry. A master that listens for nobody has no operator,
// and keeps nothing.

func keptMaintenance(name string) (kept master.Maintenance, err error) {
	if name == "" {
		return kept, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	why := ""
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err != nil {
		why = err.Error()
	} else {
		why = kept.Check()
	}
	if why != "" {
		return kept, fmt.Errorf("start cluster: %s, which says what machines are under maintenance, cannot be "+
			"read: %s; mend it, or remove it: then all machines are up", name, why)
	}
	return kept, nil
}

// keepMaintenance writes a maintenance down; nil: nothing is kept.
func keepMaintenance(name string, log *slog.Logger) func(master.Maintenance) error {
	if name == "" {
		return nil
	}
	return func(m master.Maintenance) error {
		text, err := json.Marshal(m)
		if err == nil {
			err = durable.MakeFolder(filepath.Dir(name))
		}
		if err == nil {
			err = durable.Replace(name, text)
		}
		if err != nil {
			log.Error("maintenance not kept", "file", name, "err", err)
		}
		return err
	}
}
