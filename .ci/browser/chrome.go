package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// chrome is a Chromium that is spoken to by its DevTools protocol over a pipe: no port is opened, and no library is
// needed.
type chrome struct {
	cmd *exec.Cmd
	in  io.Writer

	mu      sync.Mutex
	next    int
	waiting map[int]chan message
	heard   func(method string, params json.RawMessage)
	session string
}

type message struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
	Session string `json:"sessionId,omitempty"`
}

// patience bounds what is waited for; an answer of the browser may take five times as long.
const patience = 60 * time.Second

// findChrome is a Chromium of this machine; empty: there is none.
func findChrome() string {
	for _, name := range []string{os.Getenv("KAON_CHROMIUM"), "chromium", "chromium-browser",
		"google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	return ""
}

// startChrome begins a browser whose profile lies in a folder, and hears what one page of it tells.
func startChrome(path, folder string, heard func(string, json.RawMessage)) (*chrome, error) {
	fromUs, toThem, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	fromThem, toUs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c := &chrome{in: toThem, waiting: map[int]chan message{}, heard: heard}
	c.cmd = exec.Command(path, "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu",
		"--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--metrics-recording-only",
		"--mute-audio", "--hide-scrollbars",
		"--force-color-profile=srgb", "--user-data-dir="+filepath.Join(folder, "profile"), "about:blank")
	c.cmd.ExtraFiles = []*os.File{fromUs, toUs}
	c.cmd.Env = append(os.Environ(), "HOME="+folder, "LANG=en_US.UTF-8")
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	_ = errors.Join(fromUs.Close(), toUs.Close()) // the browser has them
	go c.read(fromThem)
	var target struct {
		ID string `json:"targetId"`
	}
	if err := c.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, err
	}
	var attached struct {
		Session string `json:"sessionId"`
	}
	if err := c.call("Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true},
		&attached); err != nil {
		return nil, err
	}
	c.session = attached.Session
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		if err := c.call(domain+".enable", nil, nil); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *chrome) read(from io.Reader) {
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			c.mu.Lock()
			for id, answer := range c.waiting {
				close(answer)
				delete(c.waiting, id)
			}
			c.mu.Unlock()
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		if m.ID == 0 {
			c.heard(m.Method, m.Params)
			continue
		}
		c.mu.Lock()
		answer := c.waiting[m.ID]
		delete(c.waiting, m.ID)
		c.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

// call asks the browser for something.
func (c *chrome) call(method string, params, result any) error {
	text, err := json.Marshal(params)
	if err != nil {
		return err
	}
	if params == nil {
		text = []byte("{}")
	}
	answer := make(chan message, 1)
	c.mu.Lock()
	c.next++
	m := message{ID: c.next, Method: method, Params: text, Session: c.session}
	c.waiting[m.ID] = answer
	line, err := json.Marshal(m)
	if err == nil {
		_, err = c.in.Write(append(line, 0))
	}
	c.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case got, ok := <-answer:
		if !ok {
			return fmt.Errorf("%s: the browser is gone", method)
		}
		if got.Error != nil {
			return fmt.Errorf("%s: %s", method, got.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(got.Result, result)
	case <-time.After(5 * patience):
		return fmt.Errorf("%s: no answer in %v", method, 5*patience)
	}
}

// eval is the value of an expression in the page; promises are awaited.
func (c *chrome) eval(expression string, into any) error {
	var out struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Wrong *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	err := c.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true,
		"returnByValue": true}, &out)
	if err != nil {
		return err
	}
	if out.Wrong != nil {
		return fmt.Errorf("%s: %s", out.Wrong.Text, out.Wrong.Exception.Description)
	}
	if into == nil || out.Result.Value == nil {
		return nil
	}
	return json.Unmarshal(out.Result.Value, into)
}

func (c *chrome) close() {
	_ = c.call("Browser.close", nil, nil) // what does not end by itself is killed
	done := make(chan struct{})
	go func() { _ = c.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = c.cmd.Process.Kill()
		<-done
	}
}
