package python

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"sync"
)

//go:embed kaon/*.py kaon/py.typed kaon_call.py kaon_describe.py pyproject.toml README.md
var files embed.FS

// Name is the file name of the wheel, which says its version and that any Python takes it.
func Name() string { return project("name") + "-" + project("version") + "-py3-none-any.whl" }

// Wheel is the package as pip installs it, and as Python imports from it as it is: a zip archive, the same bytes each
// time. It is not compressed, since it is packed anew in every executor and lies on disks.
var Wheel = sync.OnceValue(func() []byte {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, f := range contents() {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			panic(err) // memory takes all that is written
		}
	}
	if err := archive.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
})

type file struct {
	name string
	data []byte
}

// contents are the files of the wheel, as wheel_backend.py packs them.
func contents() []file {
	var all []file
	for _, name := range sources() {
		all = append(all, file{name, read(name)})
	}
	folder := project("name") + "-" + project("version") + ".dist-info/"
	metadata := fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: %s\nRequires-Python: "+
		"%s\nDescription-Content-Type: text/markdown\n\n%s",
		project("name"), project("version"), project("description"), project("requires-python"), read("README.md"))
	all = append(all, file{folder + "METADATA", []byte(metadata)},
		file{folder + "WHEEL", []byte("Wheel-Version: 1.0\nGenerator: kaon\nRoot-Is-Purelib: true\nTag: " +
			"py3-none-any\n")})
	var record bytes.Buffer
	for _, f := range all {
		sum := sha256.Sum256(f.data)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", f.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.data))
	}
	fmt.Fprintf(&record, "%sRECORD,,\n", folder)
	return append(all, file{folder + "RECORD", record.Bytes()})
}

// sources are the modules, by name.
func sources() []string {
	names, err := fs.Glob(files, "kaon/*")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	slices.Sort(names)
	return append(names, "kaon_call.py", "kaon_describe.py")
}

// project is a value of [project] in pyproject.toml.
func project(key string) string {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(key) + ` = "(.*)"$`).FindSubmatch(read("pyproject.toml"))
	return string(m[1])
}

func read(name string) []byte {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return data
}
