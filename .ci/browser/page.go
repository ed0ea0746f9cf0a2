package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// page is what a person does with the dashboard, and what the browser tells of it meanwhile.
type page struct {
	*chrome
	address string // of the server

	mu     sync.Mutex
	wrong  []string // console errors, faults of scripts, requests to others
	clicks int      // since the last question
	where  string
}

func (p *page) hear(method string, params json.RawMessage) {
	complain := func(format string, args ...any) {
		p.mu.Lock()
		p.wrong = append(p.wrong, p.where+": "+fmt.Sprintf(format, args...))
		p.mu.Unlock()
	}
	switch method {
	case "Runtime.exceptionThrown":
		complain("a fault: %s", cut(params))
	case "Runtime.consoleAPICalled":
		var m struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(params, &m) == nil && (m.Type == "error" || m.Type == "warning" || m.Type == "assert") {
			complain("the console has %s: %s", m.Type, cut(params))
		}
	case "Log.entryAdded":
		var m struct {
			Entry struct {
				Level string `json:"level"`
				Text  string `json:"text"`
				URL   string `json:"url"`
			} `json:"entry"`
		}
		if json.Unmarshal(params, &m) != nil {
			return
		}
		meant := strings.HasSuffix(m.Entry.URL, "/no-such") || strings.HasSuffix(m.Entry.URL, "/extend")
		if m.Entry.Level == "error" && !meant {
			complain("%s %s", m.Entry.Text, m.Entry.URL)
		}
	case "Network.requestWillBeSent":
		var m struct {
			Request struct {
				URL string `json:"url"`
			} `json:"request"`
		}
		if json.Unmarshal(params, &m) != nil {
			return
		}
		url := m.Request.URL
		if !strings.HasPrefix(url, p.address+"/") && !strings.HasPrefix(url, "data:") &&
			!strings.HasPrefix(url, "blob:"+p.address) && !strings.HasPrefix(url, "about:") &&
			!strings.HasPrefix(url, "file:") {
			complain("a request goes elsewhere: %s", url)
		}
	}
}

func cut(text []byte) string { return string(text[:min(len(text), 600)]) }

// size makes the window as large as a screen.
func (p *page) size(width, height int, phone bool) error {
	return p.call("Emulation.setDeviceMetricsOverride",
		map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}, nil)
}

// colours makes the system light or dark.
func (p *page) colours(scheme string) error {
	return p.call("Emulation.setEmulatedMedia",
		map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// open goes to an address, from nothing.
func (p *page) open(url string) error {
	p.mu.Lock()
	p.where = url
	p.mu.Unlock()
	if err := p.call("Page.navigate", map[string]any{"url": "about:blank"}, nil); err != nil {
		return err
	}
	return p.call("Page.navigate", map[string]any{"url": url}, nil)
}

// await waits until an expression is true in the page.
func (p *page) await(what, expression string) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		var is bool
		if err := p.eval("!!("+expression+")", &is); err == nil && is {
			return nil
		}
	}
	var text string
	_ = p.eval("document.body.innerText.slice(0, 3000)", &text) // for the message
	return fmt.Errorf("%s does not come; the page is\n%s", what, text)
}

// click presses the first element of a selector whose text or name has some words, with the mouse, where a person
// would.
func (p *page) click(selector, words string) error {
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find((e) => (e.innerText + " " + (e.getAttribute("aria-label") ?? "")).includes(%q) && e.getClientRects().length > 0)`, selector, words)
	if err := p.await(selector+" "+words, find); err != nil {
		return err
	}
	var at struct{ X, Y float64 }
	err := p.eval(`(() => { const e = `+find+
		`; e.scrollIntoView({ block: "center" }); const b = e.getBoundingClientRect(); return { X: b.x + b.width / 2, Y: b.y + b.height / 2 }; })()`, &at)
	if err != nil {
		return err
	}
	p.clicks++
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		params := map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1}
		if err := p.call("Input.dispatchMouseEvent", params, nil); err != nil {
			return err
		}
	}
	return nil
}

// has waits until the page's text has some words.
func (p *page) has(words string) error {
	return p.await(fmt.Sprintf("%q", words), fmt.Sprintf("document.body.innerText.includes(%q)", words))
}

// settled waits until nothing is on its way and all is drawn.
func (p *page) settled() error {
	err := p.await("the end of loading",
		`!document.querySelector(".loading") && [...document.querySelectorAll("canvas")].every((c) => c.width > 0)`)
	if err != nil {
		return err
	}
	return p.eval(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300))))`, nil)
}

// shot keeps what is seen. With whole, the page is as long as it is.
func (p *page) shot(file string, whole bool) error {
	var out struct {
		Data string `json:"data"`
	}
	if err := p.call("Page.captureScreenshot",
		map[string]any{"format": "png", "captureBeyondViewport": whole, "optimizeForSpeed": false}, &out); err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

// tall makes the window as high as the page, so that all of it is seen.
func (p *page) tall(width int, phone bool, most int) error {
	var height int
	if err := p.eval("document.documentElement.scrollHeight", &height); err != nil {
		return err
	}
	if err := p.size(width, min(height, most), phone); err != nil {
		return err
	}
	return p.settled()
}
