package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/format"
)

// uploadersPrefix begins, beside uploaded folders, the names of the files that say of each who has uploaded it; its id
// follows.
const uploadersPrefix = ".by-"

// mostUploaded bounds the files of all folders that one name has uploaded and that are kept, in bytes.
const mostUploaded = 8 * largestFolder

// uploaders is who has uploaded a folder: an id is shown to everybody, and gives it to nobody else. Stored: fields may
// be added, not renamed.
type uploaders struct {
	By    []string `json:"by"`
	Bytes int64    `json:"bytes"` // of the folder's files
}

// uploadersOf is who has uploaded a folder; nobody of one that a former kaon took, which did not keep it.
func (a *API) uploadersOf(id string) (u uploaders, err error) {
	text, err := os.ReadFile(filepath.Join(a.folders(), uploadersPrefix+id))
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &u)
	}
	if err != nil {
		return u, fmt.Errorf("read who has uploaded the folder %s: %w", id, err)
	}
	return u, nil
}

// keepUploader adds somebody to who has uploaded a folder of so many bytes; a.folding is held.
func (a *API) keepUploader(id, name string, bytes int64) error {
	u, err := a.uploadersOf(id)
	if err != nil {
		u = uploaders{} // damaged: the others upload it again
	}
	if slices.Contains(u.By, name) {
		return nil
	}
	u.By, u.Bytes = append(u.By, name), max(u.Bytes, bytes)
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(a.folders(), uploadersPrefix+id), text); err != nil {
		return fmt.Errorf("keep who has uploaded the folder: %w", err)
	}
	return nil
}

// mayTake refuses somebody else's uploaded folder to callers from elsewhere, but to operators; in the same words as one
// that is not there.
func (a *API) mayTake(c access.Caller, id string) error {
	if c.Local || c.Role.May(access.Operator) {
		return nil
	}
	u, err := a.uploadersOf(id)
	if err == nil && !slices.Contains(u.By, c.Name) {
		err = noFolder(id)
	}
	return err
}

func noFolder(id string) error {
	return huma.Error422UnprocessableEntity(fmt.Sprintf("no folder %s was uploaded by you: upload it before the "+
		"submission", id))
}

// hasRoom is mayKeep before an upload is taken; what is needed no more is taken away first, if that makes room.
func (a *API) hasRoom(ctx context.Context, id string, bytes int64) error {
	if a.mayKeep(ctx, id, bytes) == nil {
		return nil
	}
	a.tidyFolders()
	return a.mayKeep(ctx, id, bytes)
}

// mayKeep refuses a folder of so many bytes of who would have more than one name may. An empty id is of one that is not
// known yet.
func (a *API) mayKeep(ctx context.Context, id string, bytes int64) error {
	c := access.Of(ctx)
	if c.Local {
		return nil
	}
	if u, err := a.uploadersOf(id); id != "" && err == nil && slices.Contains(u.By, c.Name) {
		return nil
	}
	if kept := a.uploadedBy(c.Name); kept > mostUploaded-bytes {
		return huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("%s has uploaded folders of %s that are "+
			"kept, and may have %s: delete sweeps and workflows that have ended; those that none is of are removed an "+
			"hour after they were wanted last", c.Name, format.Bytes(kept), format.Bytes(mostUploaded)))
	}
	return nil
}

// uploadedBy is how many bytes the kept folders have that somebody has uploaded.
func (a *API) uploadedBy(name string) (sum int64) {
	found, err := os.ReadDir(a.folders())
	if err != nil {
		return 0
	}
	for _, one := range found {
		if id, is := strings.CutPrefix(one.Name(), uploadersPrefix); is {
			if u, err := a.uploadersOf(id); err == nil && slices.Contains(u.By, name) {
				sum += u.Bytes
			}
		}
	}
	return sum
}

// keptBytes is what the files of a kept folder have, in bytes, by what is kept of its uploaders; its files are looked
// at where that is damaged, or not there.
func (a *API) keptBytes(id, folder string) (int64, error) {
	if u, err := a.uploadersOf(id); err == nil && len(u.By) > 0 {
		return u.Bytes, nil
	}
	return bytesOf(folder)
}

// bytesOf is what the files of a folder have, in bytes.
func bytesOf(folder string) (sum int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
