package executor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// controlPatience is how long a trial's control file may take before the trial is signalled without having been told.
const controlPatience = time.Second

// mostMessages is how many messages of one attempt wait to be written.
const mostMessages = 1000

// sendControl has a message written behind those that wait, and waits for nothing. Any lock may be held.
func (t *attempt) sendControl(m message) error {
	c := &t.controls
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) >= mostMessages {
		return fmt.Errorf("append to control file of %s: %d messages wait for its disk", t.id, mostMessages)
	}
	c.waiting = append(c.waiting, m)
	if !c.writes {
		c.writes = true
		crash.Go(t.writeControls)
	}
	return nil
}

// writeControls writes what waits.
func (t *attempt) writeControls() {
	c := &t.controls
	for {
		c.mu.Lock()
		if len(c.waiting) == 0 {
			c.writes, c.waiting = false, nil
			c.mu.Unlock()
			return
		}
		m := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.mu.Unlock()
		if err := t.control(m.id, m.body); err != nil {
			t.host.conf.Log.Warn("message lost", "error", err)
		}
		if m.then != nil {
			m.then()
		}
	}
}

// mostTold is how many messages' ids are remembered.
const mostTold = 1000

// control appends one message to the trial's control file, as one line, unless one of its id was appended before; an
// empty id is none. No lock may be held.
func (t *attempt) control(id string, body []byte) error {
	var line bytes.Buffer
	if err := json.Compact(&line, body); err != nil {
		return fmt.Errorf("append to control file of %s: not JSON: %w", t.id, err)
	}
	line.WriteByte('\n')
	t.access.Lock()
	defer t.access.Unlock()
	if id != "" && slices.Contains(t.told, id) {
		return nil
	}
	files := t.files.Load()
	if files == nil {
		return fmt.Errorf("append to control file of %s: it has not begun, or has ended", t.id)
	}
	f, err := files.Append(controlName, 0o644)
	if err != nil {
		return fmt.Errorf("append to control file of %s: %w", t.id, err)
	}
	defer f.Close()
	if _, err := f.Write(line.Bytes()); err != nil {
		return fmt.Errorf("append to control file of %s: %w", t.id, err)
	}
	if id != "" {
		if len(t.told) >= mostTold {
			t.told = t.told[1:]
		}
		t.told = append(t.told, id)
	}
	return nil
}
