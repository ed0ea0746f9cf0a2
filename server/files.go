package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/sweep"
)

// files makes ready what attempts are given.
func (s *staging) files(ctx context.Context) (task.Files, error) {
	files := task.Files{Attempt: s.fileServer.Attempt}
	if err := s.checkProgram(); err != nil {
		return files, usage(err)
	}
	if why := s.networkIsolated(); why != "" {
		if err := checkNoFiles(s.spec, why); err != nil {
			return files, usage(err)
		}
		files.Attempt = nil // what attempts leave behind stays in the sandbox
		return files, nil
	}
	if s.spec.Task.Code != "" {
		if err := noCode(s.spec); err != nil {
			return files, usage(err)
		}
		code, err := s.code()
		if err != nil {
			return files, usage(err)
		}
		files.Code = &code
		s.addPrefetch(code, code.URL)
	}
	if err := s.inputs(ctx, &files); err != nil {
		return files, err
	}
	if len(s.spec.Task.Secrets) > 0 {
		values, err := readSecrets(s.spec)
		if err != nil {
			return files, usage(err)
		}
		files.Secrets = s.fileServer.Secrets(values)
	}
	return files, nil
}

// code is the packed folder. It is packed once: a sweep that is resumed goes on with what it began with.
func (s *staging) code() (task.Source, error) {
	packed := filepath.Join(s.folder, transferFolder, codeFile)
	if _, err := os.Stat(packed); errors.Is(err, fs.ErrNotExist) {
		if err := s.pack(packed); err != nil {
			return task.Source{}, fmt.Errorf("%s: task.code: %w", s.spec.File, err)
		}
	}
	address, sum, err := s.fileServer.Serve(packed, filepath.Base(packed))
	return task.Source{URL: address, SHA256: sum, Name: filepath.Base(packed), Unpack: true}, err
}

func (s *staging) pack(to string) error {
	folder := filepath.Join(s.spec.Folder(), filepath.FromSlash(s.spec.Task.Code))
	skip, err := filepath.Abs(s.folder)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(to), "code-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	err = archive.Pack(temp, folder, filepath.Dir(skip), skip, s.bucketFolder,
		filepath.Join(folder, "kaon-results"), filepath.Join(folder, "kaon-state"))
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), to)
}

// readSecrets takes a spec's secrets, and those of the specs that follow it, from the environment. Only the
// spec's own are returned; that one is missing must not come out hours later.
func readSecrets(spec *sweep.Spec) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range spec.Task.Secrets {
		value, ok := os.LookupEnv(name)
		switch {
		case !ok:
			return nil, noSecret(spec, name)
		case len(value) < manifest.ShortestSecret:
			return nil, fmt.Errorf("%s: task.secrets: the value of %s has fewer than %d characters and could not be "+
				"masked: give what is no secret in task.env", spec.File, name, manifest.ShortestSecret)
		}
		values[name] = value
	}
	if spec.Then != nil && spec.Then.Next != nil {
		if _, err := readSecrets(spec.Then.Next); err != nil {
			return nil, err
		}
	}
	return values, nil
}
