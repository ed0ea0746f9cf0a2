package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/kaon-sweep/kaon/server/ui"
)

// browserPatience bounds how long a browser may take for one page.
const browserPatience = 2 * time.Minute

// browsers are the names of Chromium.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// chromium is a browser that draws without a window.
func chromium() (string, error) {
	if named := os.Getenv("KAON_CHROMIUM"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", usage(fmt.Errorf("KAON_CHROMIUM=%s: %w", named, err))
		}
		return path, nil
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", usage(errors.New("PNG and PDF are drawn by Chromium, and there is none on this machine: install " +
		"it, name one in KAON_CHROMIUM, " +
		"or take --format svg or html"))
}

// drawn is a picture, or a page, as a browser draws it: a PNG of an SVG, or a PDF of HTML. The browser has a profile of
// its own and no network; what it draws loads nothing anyway.
func drawn(ctx context.Context, drawing []byte, format string) ([]byte, error) {
	browser, err := chromium()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "kaon-report-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	in, result := filepath.Join(folder, "report.svg"), filepath.Join(folder, "report."+format)
	args := []string{"--headless=new", "--disable-gpu", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-sync",
		"--proxy-server=127.0.0.1:9", "--hide-scrollbars", "--user-data-dir=" + filepath.Join(folder, "profile")}
	if format == "pdf" {
		in = filepath.Join(folder, "report.html")
		args = append(args, "--print-to-pdf="+result, "--no-pdf-header-footer", "--virtual-time-budget=10000")
	} else {
		args = append(args, "--screenshot="+result,
			fmt.Sprintf("--window-size=%d,%d", ui.PictureWidth, ui.PictureHeight))
	}
	if os.Geteuid() == 0 { // its sandbox refuses root
		args = append(args, "--no-sandbox")
	}
	if err := os.WriteFile(in, drawing, 0o600); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, browserPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, append(args, "file://"+in)...)
	cmd.Env = append(os.Environ(), "HOME="+folder)
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err = cmd.Run()
	data, missing := os.ReadFile(result)
	if err != nil || missing != nil {
		text := bytes.TrimSpace(said.Bytes())
		return nil, fmt.Errorf("%s did not draw the report: %w\n%s", browser, errors.Join(err, missing),
			text[max(0, len(text)-2000):])
	}
	return data, nil
}
