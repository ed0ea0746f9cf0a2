package staging

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// Files makes ready what attempts are given.
func (s *Stage) Files(ctx context.Context) (task.Files, error) {
	files := task.Files{Attempt: s.FileServer.Attempt}
	if err := s.checkProgram(); err != nil {
		return files, fault.Usage(err)
	}
	if why := s.networkIsolated(); why != "" {
		if err := checkNoFiles(s.Spec, why); err != nil {
			return files, fault.Usage(err)
		}
		files.Attempt = nil // what attempts leave behind stays in the sandbox
		return files, nil
	}
	if s.Spec.Task.Code != "" {
		if err := noCode(s.Spec); err != nil {
			return files, fault.Usage(err)
		}
		code, err := s.code()
		if err != nil {
			return files, fault.Usage(err)
		}
		files.Code = &code
		s.addPrefetch(code, code.URL)
	}
	if err := s.inputs(ctx, &files); err != nil {
		return files, err
	}
	if len(s.Spec.Task.Secrets) > 0 {
		values, err := readSecrets(s.Spec)
		if err != nil {
			return files, fault.Usage(err)
		}
		files.Secrets = s.FileServer.Secrets(values)
	}
	return files, nil
}

// code is the packed folder. It is packed once: a sweep that is resumed goes on with what it began with.
func (s *Stage) code() (task.Source, error) {
	packed := filepath.Join(s.Folder, state.TransferFolder, codeFile)
	if _, err := os.Stat(packed); errors.Is(err, fs.ErrNotExist) {
		if err := s.pack(packed); err != nil {
			return task.Source{}, fmt.Errorf("%s: task.code: %w", s.Spec.File, err)
		}
	}
	address, sum, err := s.FileServer.Serve(packed, filepath.Base(packed))
	return task.Source{URL: address, SHA256: sum, Name: filepath.Base(packed), Unpack: true}, err
}

// KeepCode takes the packed code of the sweep's other state folder, as it was when the sweep began, where that is
// known.
func (s *Stage) KeepCode(from string) error {
	if err := os.MkdirAll(filepath.Join(s.Folder, state.TransferFolder), 0o700); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(from, state.TransferFolder, codeFile))
	if err != nil {
		return nil // it is packed anew
	}
	return durable.Replace(filepath.Join(s.Folder, state.TransferFolder, codeFile), data)
}

func (s *Stage) pack(to string) error {
	folder := filepath.Join(s.Spec.Folder(), filepath.FromSlash(s.Spec.Task.Code))
	skip, err := filepath.Abs(s.Folder)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(to), "code-*")
	if err != nil {
		return err
	}
	err = archive.Pack(temp, folder, filepath.Dir(skip), skip, s.BucketFolder,
		filepath.Join(folder, "kaon-results"), filepath.Join(folder, "kaon-state"))
	if err != nil {
		_, _ = temp.Close(), os.Remove(temp.Name())
		return err
	}
	return durable.Commit(temp, to)
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
