package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/format"
)

// FoldersPath, in the folder of an API, holds uploaded folders by the SHA-256 of their archives.
const (
	FoldersPath = "folders"
	emptyFolder = "empty" // of specs that came without a folder
)

// Bounds of an uploaded folder.
const (
	largestUpload = 1 << 30 // bytes of the archive
	largestFolder = 4 << 30 // bytes of its files
	mostFiles     = 100_000
)

// Folder is one that was uploaded.
type Folder struct {
	ID string `json:"folder" doc:"SHA-256 of the archive, in hex."`
}

func (a *API) declareFolders() {
	op := operation(access.Submitter, http.MethodPost, "/folders", "upload-folder",
		"Upload what a spec names beside itself")
	op.DefaultStatus = http.StatusCreated
	op.RequestBody = &huma.RequestBody{
		Required: true, Description: "A tar archive under zstd, as `kaon submit` makes it.",
		Content: map[string]*huma.MediaType{"application/zstd": {Schema: &huma.Schema{Type: huma.TypeString,
			Format: "binary"}}},
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *uploadInput) (*body[Folder], error) {
		return answer(a.upload(ctx, uploading{in.body, a.stats.uploaded}))
	})
}

// uploadInput has the body as it comes: it does not fit into memory.
type uploadInput struct{ body io.Reader }

// Resolve implements huma.Resolver.
func (in *uploadInput) Resolve(ctx huma.Context) []error {
	in.body = ctx.BodyReader()
	return nil
}

// folders is where uploaded folders lie.
func (a *API) folders() string {
	return cmp.Or(a.cfg.Folders, filepath.Join(a.cfg.Folder, FoldersPath))
}

// unfinished begins the names of uploads under way.
const unfinished = ".new-"

// upload unpacks an archive into a folder of its own. One that is there already is not unpacked again.
func (a *API) upload(ctx context.Context, from io.Reader) (Folder, error) {
	var out Folder
	if err := a.hasRoom(ctx, "", 1); err != nil {
		return out, err
	}
	base := a.folders()
	if err := os.MkdirAll(base, 0o700); err != nil {
		return out, err
	}
	temp, err := os.MkdirTemp(base, unfinished)
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(temp)
	file, err := os.Create(filepath.Join(temp, "archive"+archive.Suffix))
	if err != nil {
		return out, err
	}
	defer file.Close()
	if out.ID, err = keepUpload(file, from); err != nil {
		return out, err
	}
	if again, err := a.takeAgain(ctx, out.ID); again || err != nil {
		return out, err
	}
	into := filepath.Join(temp, "files")
	if err := os.Mkdir(into, 0o700); err != nil {
		return out, err
	}
	limits := archive.Limits{Bytes: largestFolder, Files: mostFiles}
	if err := archive.Unpack(ctx, file, filepath.Base(file.Name()), into, limits); err != nil {
		return out, huma.Error422UnprocessableEntity(fmt.Sprintf("unpack the folder: %v", err))
	}
	bytes, err := bytesOf(into)
	if err != nil {
		return out, err
	}
	if err := a.hasRoom(ctx, out.ID, bytes); err != nil {
		return out, err
	}
	a.folding.Lock()
	defer a.folding.Unlock()
	if err := a.mayKeep(ctx, out.ID, bytes); err != nil { // of uploads at once
		return out, err
	}
	if err := os.Rename(into, filepath.Join(base, out.ID)); err != nil && !errors.Is(err, os.ErrExist) {
		return out, err
	}
	return out, a.keepUploader(out.ID, access.Of(ctx).Name, bytes)
}

// takeAgain has a folder that is there be the caller's, too, and as if it were uploaded now.
func (a *API) takeAgain(ctx context.Context, id string) (there bool, err error) {
	folder, missing := a.folder(id)
	if missing != nil {
		return false, nil
	}
	bytes, err := a.keptBytes(id, folder)
	if errors.Is(err, fs.ErrNotExist) { // it is being removed
		return false, nil
	}
	if err == nil {
		err = a.hasRoom(ctx, id, bytes)
	}
	if err != nil {
		return true, err
	}
	a.folding.Lock()
	defer a.folding.Unlock()
	if _, missing := a.folder(id); missing != nil {
		return false, nil
	}
	if err := a.mayKeep(ctx, id, bytes); err != nil {
		return true, err
	}
	now := time.Now()
	if err := os.Chtimes(folder, now, now); err != nil {
		return true, err
	}
	return true, a.keepUploader(id, access.Of(ctx).Name, bytes)
}

// keepUpload writes a body into a file, to be read from its beginning, and answers its SHA-256 in hex.
func keepUpload(file *os.File, from io.Reader) (string, error) {
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(from, largestUpload+1))
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout():
		return "", huma.NewError(http.StatusRequestTimeout, "the archive came no further: upload it again")
	case err != nil:
		return "", fmt.Errorf("keep the archive: %w", err)
	case size > largestUpload:
		return "", huma.NewError(http.StatusRequestEntityTooLarge,
			fmt.Sprintf("the archive has more than %s: name in .kaonignore what "+
				"trials do not need", format.Bytes(largestUpload)))
	}
	_, err = file.Seek(0, io.SeekStart)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// keptUnused is how long a folder is kept that no sweep is of: its upload comes before the submission.
const keptUnused = time.Hour

// clearFolders removes what uploads that were cut off have left, and folders of sweeps that are gone: nothing while
// something that may need one cannot be read.
func (a *API) clearFolders() error {
	base := a.folders()
	found, err := os.ReadDir(base)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	used := map[string]bool{}
	for _, sw := range a.cfg.Server.Sweeps() {
		if rest, below := strings.CutPrefix(sw.Spec().File, base+string(filepath.Separator)); below {
			id, _, _ := strings.Cut(rest, string(filepath.Separator))
			used[id] = true
		}
	}
	if a.cfg.Workflows != nil {
		folders, err := a.cfg.Workflows.Folders()
		if err != nil {
			return err
		}
		if a.cfg.Registered != nil {
			kept, err := a.cfg.Registered.Folders()
			if err != nil {
				return err
			}
			folders = append(folders, kept...)
		}
		for _, folder := range folders {
			if rest, below := strings.CutPrefix(folder+string(filepath.Separator),
				base+string(filepath.Separator)); below {
				id, _, _ := strings.Cut(rest, string(filepath.Separator))
				used[id] = true
			}
		}
	}
	a.folding.Lock()
	defer a.folding.Unlock()
	for _, one := range found {
		if id, is := strings.CutPrefix(one.Name(), uploadersPrefix); is {
			if _, gone := os.Stat(filepath.Join(base, id)); errors.Is(gone, fs.ErrNotExist) {
				err = errors.Join(err, os.Remove(filepath.Join(base, one.Name())))
			}
			continue
		}
		info, gone := os.Stat(filepath.Join(base, one.Name())) // it may be wanted again since it was found
		if gone != nil || used[one.Name()] || one.Name() == emptyFolder || time.Since(info.ModTime()) < keptUnused {
			continue
		}
		err = errors.Join(err, removeFolder(base, one.Name()))
	}
	return err
}

// removeFolder removes an uploaded folder with who has uploaded it, or what is left of an upload. What a removal leaves
// that is cut off has no folder's name: nobody takes it for one that is whole.
func removeFolder(base, name string) error {
	gone := filepath.Join(base, name)
	if !strings.HasPrefix(name, unfinished) {
		going := filepath.Join(base, unfinished+name)
		if err := os.RemoveAll(going); err != nil { // of a former time
			return err
		}
		if err := os.Rename(gone, going); err != nil {
			return err
		}
		gone = going
		if err := os.Remove(filepath.Join(base, uploadersPrefix+name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.RemoveAll(gone)
}

// tidyFolders is clearFolders where the caller has something else to do: what is left there harms nobody.
func (a *API) tidyFolders() {
	if err := a.clearFolders(); err != nil {
		a.cfg.Log.Warn("uploaded folders that nobody needs may still be there", "err", err)
	}
}

// folder is where an uploaded folder lies, whoever has uploaded it.
func (a *API) folder(id string) (string, error) {
	if sum, err := hex.DecodeString(id); err != nil || len(sum) != sha256.Size {
		return "", huma.Error422UnprocessableEntity(fmt.Sprintf("folder %q is no id of an uploaded folder", id))
	}
	folder := filepath.Join(a.folders(), id)
	if _, err := os.Stat(folder); err != nil {
		return "", noFolder(id)
	}
	return folder, nil
}
