package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

type uiCmd struct {
	Sweep string `arg:"" optional:"" help:"Sweep whose page is shown; the list of all when left out."`
	Open  bool   `help:"Open it in the browser."`
	JSON  bool   `help:"Print JSON."`
	serverFlags
}

func (c *uiCmd) Help() string {
	return "Prints a link that lets one browser in, once, within five minutes: for your own server on this machine, " +
		"or with --server for one that " +
		"you have a token for. Links for this machine go to 127.0.0.1; from elsewhere forward the port, as by " +
		"ssh -L, or have the server --listen."
}

func (c *uiCmd) Run(ctx context.Context, out *output) error {
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	page := "/"
	if c.Sweep != "" {
		id, err := resolve(ctx, to, c.Sweep)
		if err != nil {
			return err
		}
		page = "/sweeps/" + id
	}
	login, err := to.Login(ctx)
	if err != nil {
		return answered(err)
	}
	link := loginLink(cmp.Or(login.Address, to.Address()), login.Code, page)
	if c.JSON {
		err = json.NewEncoder(out.stdout).Encode(struct {
			URL     string `json:"url"`
			Expires string `json:"expires"`
		}{link, login.Expires})
	} else {
		_, err = fmt.Fprintln(out.stdout, link)
	}
	if err == nil && c.Open {
		err = openBrowser(link)
	}
	return err
}

// loginLink is an address that lets a browser in and shows a page.
func loginLink(address, code, page string) string {
	return fmt.Sprintf("%s/#/login?code=%s&to=%s", strings.TrimSuffix(address, "/"), code, page)
}

// openBrowser shows an address in the user's browser, which goes on without this process.
func openBrowser(address string) error {
	program := cmp.Or(os.Getenv("BROWSER"), "xdg-open")
	if runtime.GOOS == "darwin" {
		program = cmp.Or(os.Getenv("BROWSER"), "open")
	}
	show := exec.Command(program, address)
	if err := show.Start(); err != nil {
		return usage(errors.Join(errors.New("no browser can be opened here: open the link that was printed, or "+
			"name one in BROWSER"), err))
	}
	crash.Go(func() { _ = show.Wait() })
	return nil
}
