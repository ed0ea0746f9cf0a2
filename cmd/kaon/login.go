package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/server/client"
)

type loginCmd struct {
	Server     string `arg:"" name:"url" help:"https://host:port, or http:// on this machine."`
	ClientCert string `name:"client-cert" placeholder:"FILE" help:"Show the server this certificate, PEM, instead of a token."`
	ClientKey  string `name:"client-key" placeholder:"FILE" help:"Its key, PEM, that only you may read."`
}

func (c *loginCmd) Help() string {
	return "Reads a token from standard input and keeps it, in a file that only you may read, for commands with " +
		"--server URL or KAON_SERVER=URL. " +
		"With --client-cert it keeps where certificate and key lie instead; a server that wants both takes the " +
		"token of " + tokenVariable + "."
}

func (c *loginCmd) Run(ctx context.Context, out *output) error {
	var to *client.Client
	var store func() error
	if c.ClientCert != "" || c.ClientKey != "" {
		pair, err := newCertificateFiles(c.ClientCert, c.ClientKey)
		if err != nil {
			return usage(err)
		}
		shown, err := pair.load()
		if err == nil && !strings.HasPrefix(c.Server, "https://") {
			err = fmt.Errorf("%s: certificates are shown by TLS alone: want https", c.Server)
		}
		if err == nil {
			to, err = client.New(c.Server, os.Getenv(tokenVariable), shown)
		}
		if err != nil {
			return usage(err)
		}
		store = func() error {
			if err := keep(certificatesFile, func(known map[string]certificateFiles) {
				known[c.Server] = pair
			}); err != nil {
				return err
			}
			// a token would say who asks
			return keep(tokensFile, func(known map[string]string) { delete(known, c.Server) })
		}
	} else {
		line, err := readHidden(ctx, out, "token: ")
		if ctx.Err() != nil {
			return ctx.Err()
		}
		token := strings.TrimSpace(line)
		if token == "" {
			return usage(errors.Join(errors.New("no token on standard input: kaon token create on the server's "+
				"machine makes one"), err))
		}
		shown, err := certificateFor(c.Server)
		if err == nil {
			to, err = client.New(c.Server, token, shown...)
		}
		if err != nil {
			return usage(err)
		}
		store = func() error {
			return keep(tokensFile, func(known map[string]string) { known[c.Server] = token })
		}
	}
	who, err := to.WhoAmI(ctx)
	if err != nil {
		return answered(err)
	}
	if err := store(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.stdout, "you are %s, %s, at %s; use it with: export KAON_SERVER=%s\n", who.Name, who.Role,
		c.Server, c.Server)
	return err
}
