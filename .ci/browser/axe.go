package main

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// axe-core is fetched for each walk and is no part of the repository: version and npm's checksum of the package.
const (
	axeVersion = "4.10.3"
	axeSum     = "Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg=="
)

// fetchAxe is axe-core as a script, by npm's own client.
func fetchAxe(ctx context.Context, folder string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("there is no npm")
	}
	folder = filepath.Join(folder, "axe")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	fetch := exec.CommandContext(ctx, npm, "pack", "--silent", "--fetch-retries=1", "axe-core@"+axeVersion)
	fetch.Dir = folder
	if said, err := fetch.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack axe-core@%s: %w: %s", axeVersion, err, cut(said))
	}
	pack := filepath.Join(folder, "axe-core-"+axeVersion+".tgz")
	text, err := os.ReadFile(pack)
	if err != nil {
		return "", err
	}
	if sum := sha512.Sum512(text); base64.StdEncoding.EncodeToString(sum[:]) != axeSum {
		return "", fmt.Errorf("axe-core@%s has SHA-512 %s, not %s", axeVersion,
			base64.StdEncoding.EncodeToString(sum[:]), axeSum)
	}
	unpack := exec.CommandContext(ctx, "tar", "xzf", pack, "package/axe.min.js")
	unpack.Dir = folder
	if said, err := unpack.CombinedOutput(); err != nil {
		return "", fmt.Errorf("tar: %w: %s", err, cut(said))
	}
	script, err := os.ReadFile(filepath.Join(folder, "package", "axe.min.js"))
	return string(script), err
}

// audited is what axe-core finds wrong on the page as it stands.
func (w *walk) audited() (found []string, err error) {
	if w.axe == "" {
		return nil, nil
	}
	err = w.eval(w.axe+
		`; axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map((v) => "axe " + v.id + ": " + v.nodes.map((n) => n.target).slice(0, 3).join(" | ") + " (" + v.nodes.length + ")"))`, &found)
	return found, err
}
