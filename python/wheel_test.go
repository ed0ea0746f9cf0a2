package python

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// python3 skips a test where there is none, but where nothing may be skipped.
func python3(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("python3"); errors.Is(err, exec.ErrNotFound) {
		if os.Getenv("KAON_TEST_STRICT") == "1" {
			t.Fatal("python3 is not installed")
		}
		t.Skip("needs python3")
	}
}

// The package's own tests, by the Python that is here.
func TestPackage(t *testing.T) {
	python3(t)
	cmd := exec.Command("python3", "-B", "-W", "error::ResourceWarning", "-m", "unittest", "discover", "-s", "tests", "-t", ".")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	if bytes.Contains(out, []byte("skipped=")) {
		t.Run("libraries", func(t *testing.T) {
			t.Skip("beyond a whole run: some want libraries of others, as pandas, polars and pyarrow")
		})
	}
}

// What kaon packs and what pip builds have the same files, to the byte.
func TestWheelIsThatOfPip(t *testing.T) {
	python3(t)
	folder := t.TempDir()
	if out, err := exec.Command("python3", "-B", "wheel_backend.py", folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	built, err := os.ReadFile(filepath.Join(folder, Name()))
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := unpacked(t, Wheel()), unpacked(t, built)
	if len(ours) != len(theirs) || len(ours) < 10 {
		t.Errorf("%d files, pip's wheel has %d", len(ours), len(theirs))
	}
	for name, data := range theirs {
		if ours[name] != data {
			t.Errorf("%s differs", name)
		}
	}
}

func unpacked(t *testing.T, data []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(text)
	}
	return all
}

// A program can import from the wheel as it lies there, and the version it says is the wheel's.
func TestWheelIsImported(t *testing.T) {
	python3(t)
	wheel := filepath.Join(t.TempDir(), Name())
	if err := os.WriteFile(wheel, Wheel(), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", "import kaon, kaon_call; from kaon import *; print(kaon.__version__, kaon.__file__, open is __import__('builtins').open)")
	cmd.Env = append(os.Environ(), "PYTHONPATH="+wheel)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if want := project("version") + " " + filepath.Join(wheel, "kaon", "__init__.py") + " True\n"; err != nil || string(out) != want {
		t.Errorf("%v: %q, want %q", err, out, want)
	}
}

// The one file to copy is the package's, to the byte.
func TestFileToCopyIsThePackages(t *testing.T) {
	copied, err := os.ReadFile("../examples/python/kaon.py")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(copied, read("kaon/trial.py")) {
		t.Error("examples/python/kaon.py is not python/kaon/trial.py: cp python/kaon/trial.py examples/python/kaon.py")
	}
}
