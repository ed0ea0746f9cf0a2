package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// endedFile, in a run's folder, is what the log says in short of a run that has ended, so that lists need not read all
// logs there ever were. It is no more than that: where it is missing, damaged, or of another state of the log, the log
// is read.
const endedFile = "ended.json"

// maxEnded bounds what is read of it, in bytes.
const maxEnded = maxRecord

// sealedBrief is endedFile. Stored.
type sealedBrief struct {
	Version  int             `json:"version"`  // 1
	Size     int64           `json:"size"`     // of the log, in bytes
	Modified int64           `json:"modified"` // the log, in nanoseconds since 1970
	Checksum string          `json:"checksum"` // of the text of run
	Run      json.RawMessage `json:"run"`
}

// KeepEnded keeps in short how a run stands that has ended, whose log is as a Stat of it says.
func KeepEnded(all, id string, log os.FileInfo, b Brief) error {
	text, err := json.Marshal(b.listed())
	if err != nil {
		return fmt.Errorf("keep the end of %s: %w", id, err)
	}
	data, err := json.Marshal(sealedBrief{1, log.Size(), log.ModTime().UnixNano(), checksumOf(text), text})
	if err == nil {
		err = durable.Replace(filepath.Join(Folder(all, id), endedFile), data)
	}
	if err != nil {
		return fmt.Errorf("keep the end of %s: %w", id, err)
	}
	return nil
}

// readEnded is what was kept of a run that has ended, whose log is as a Stat of it says; not ok when its log must be
// read.
func readEnded(all, id string, log os.FileInfo) (b Brief, ok bool) {
	name := filepath.Join(Folder(all, id), endedFile)
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() || info.Size() > maxEnded {
		return Brief{}, false
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return Brief{}, false
	}
	var sealed sealedBrief
	if json.Unmarshal(data, &sealed) != nil || sealed.Version != 1 || sealed.Size != log.Size() ||
		sealed.Modified != log.ModTime().UnixNano() ||
		sealed.Checksum != checksumOf(sealed.Run) {
		return Brief{}, false
	}
	dec := json.NewDecoder(bytes.NewReader(sealed.Run))
	dec.UseNumber()
	if dec.Decode(&b) != nil || b.Header.Run != id || b.Header.Version != 1 || !b.View.State.Ended() {
		return Brief{}, false
	}
	numbers(&b.Header.Given)
	numbers(&b.View.Parameters)
	return b, true
}

func checksumOf(text []byte) string {
	return fmt.Sprintf("crc32c-%08x", crc32.Checksum(text, castagnoli))
}

// Remove forgets a run that has ended, with the runs that are its steps. The error of one that has not wraps
// ErrNotEnded, of one that a process works on ErrLocked.
func Remove(all, id string, steps []string) error {
	var h history
	l, err := openLog(Folder(all, id), h.take)
	if err != nil {
		return err
	}
	defer l.close()
	_, e, err := h.restore(newFacts(filepath.Dir(h.header.File), h.header.Within, h.facts))
	if err != nil {
		return fmt.Errorf("read the log of %s: %w", id, err)
	}
	if state, _ := e.State(); !state.Ended() {
		return fmt.Errorf("run %s: %w", id, ErrNotEnded)
	}
	// the run itself last: when this is cut off, it can be done again
	for _, one := range append(slices.Clone(steps), id) {
		if err := os.RemoveAll(Folder(all, one)); err != nil {
			return err
		}
	}
	return nil
}

// ErrNotEnded: the run has not ended.
var ErrNotEnded = errors.New("it has not ended")
