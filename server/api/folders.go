package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// foldersPath, in the folder of an API, holds uploaded folders by the SHA-256 of their archives.
const foldersPath = "folders"

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
	op := operation(Submitter, http.MethodPost, "/folders", "upload-folder", "Upload what a spec names beside itself")
	op.SkipValidateBody = true
	op.MaxBodyBytes = largestUpload
	op.DefaultStatus = http.StatusCreated
	op.RequestBody = &huma.RequestBody{
		Required: true, Description: "A tar archive under zstd, as `kaon submit` makes it.",
		Content: map[string]*huma.MediaType{"application/zstd": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *struct{ RawBody []byte }) (*body[Folder], error) {
		return answer(a.upload(ctx, in.RawBody))
	})
}

// upload unpacks an archive into a folder of its own. One that is there already is not unpacked again.
func (a *API) upload(ctx context.Context, data []byte) (Folder, error) {
	sum := sha256.Sum256(data)
	out := Folder{hex.EncodeToString(sum[:])}
	if _, err := a.folder(out.ID); err == nil {
		return out, nil
	}
	base := filepath.Join(a.cfg.Folder, foldersPath)
	if err := os.MkdirAll(base, 0o700); err != nil {
		return out, err
	}
	temp, err := os.MkdirTemp(base, ".new-")
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(temp)
	file, err := os.Create(filepath.Join(temp, "archive"+archive.Suffix))
	if err != nil {
		return out, err
	}
	defer file.Close()
	if _, err = file.Write(data); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	into := filepath.Join(temp, "files")
	if err == nil {
		err = os.Mkdir(into, 0o700)
	}
	if err != nil {
		return out, err
	}
	limits := archive.Limits{Bytes: largestFolder, Files: mostFiles}
	if err := archive.Unpack(ctx, file, filepath.Base(file.Name()), into, limits); err != nil {
		return out, huma.Error422UnprocessableEntity(fmt.Sprintf("unpack the folder: %v", err))
	}
	if err := os.Rename(into, filepath.Join(base, out.ID)); err != nil && !errors.Is(err, os.ErrExist) {
		return out, err
	}
	return out, nil
}

// folder is where an uploaded folder lies.
func (a *API) folder(id string) (string, error) {
	if sum, err := hex.DecodeString(id); err != nil || len(sum) != sha256.Size {
		return "", huma.Error422UnprocessableEntity(fmt.Sprintf("folder %q is no id of an uploaded folder", id))
	}
	folder := filepath.Join(a.cfg.Folder, foldersPath, id)
	if _, err := os.Stat(folder); err != nil {
		return "", huma.Error422UnprocessableEntity(fmt.Sprintf("no folder %s was uploaded", id))
	}
	return folder, nil
}
