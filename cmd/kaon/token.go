package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token for somebody; its secret is shown once."`
	List   tokenListCmd   `cmd:"" help:"List all tokens, without their secrets."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token."`
}

type tokenCreateCmd struct {
	Name  string   `arg:"" help:"Who will use it: owner of what is submitted with it."`
	Role  string   `enum:"viewer,submitter,operator,admin" default:"submitter" help:"viewer reads; submitter submits and changes what is their own; operator changes what is anybody's; admin makes tokens (${default})."`
	Days  int      `placeholder:"N" help:"After which it ends; never when left out."`
	Queue []string `placeholder:"QUEUE" help:"Into which, and those below, its caller may submit; may be repeated; all when left out."`
	JSON  bool     `help:"Print JSON."`
	serverFlags
}

func (c *tokenCreateCmd) Run(ctx context.Context, out *output) error {
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	made, err := to.CreateToken(ctx, api.NewToken{Name: c.Name, Role: api.Role(c.Role), Days: c.Days, Queues: c.Queue})
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(made)
	}
	fmt.Fprintf(out.stderr, "kaon: this is shown once; %s keeps it with: kaon login URL\n", c.Name)
	_, err = fmt.Fprintln(out.stdout, made.Secret)
	return err
}

type tokenListCmd struct {
	JSON bool `help:"Print JSON."`
	serverFlags
}

func (c *tokenListCmd) Run(ctx context.Context, out *output) error {
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	list, err := to.Tokens(ctx)
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(list)
	}
	var tab table
	tab.row("TOKEN", "NAME", "ROLE", "QUEUES", "CREATED", "EXPIRES")
	for _, t := range list {
		expires := t.Expires
		if expires == "" {
			expires = "never"
		}
		queues := strings.Join(t.Queues, ",")
		if queues == "" {
			queues = "all"
		}
		tab.row(t.ID, t.Name, t.Role, queues, t.Created, expires)
	}
	return tab.print(out.stdout)
}

type tokenRevokeCmd struct {
	Token string `arg:"" help:"Its id, as kaon token list has it."`
	serverFlags
}

func (c *tokenRevokeCmd) Run(ctx context.Context, out *output) error {
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	if err := to.RevokeToken(ctx, c.Token); err != nil {
		return answered(err)
	}
	_, err = fmt.Fprintf(out.stdout, "token %s is revoked\n", c.Token)
	return err
}

type loginCmd struct {
	Server     string `arg:"" name:"url" help:"https://host:port, or http:// on this machine."`
	ClientCert string `name:"client-cert" placeholder:"FILE" help:"Show the server this certificate, PEM, instead of a token."`
	ClientKey  string `name:"client-key" placeholder:"FILE" help:"Its key, PEM, that only you may read."`
}

func (c *loginCmd) Help() string {
	return "Reads a token from standard input and keeps it, in a file that only you may read, for commands with --server URL or KAON_SERVER=URL. " +
		"With --client-cert it keeps where certificate and key lie instead; a server that wants both takes the token of " + tokenVariable + "."
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
			if err := keep(certificatesFile, func(known map[string]certificateFiles) { known[c.Server] = pair }); err != nil {
				return err
			}
			return keep(tokensFile, func(known map[string]string) { delete(known, c.Server) }) // a token would say who asks
		}
	} else {
		line, err := readHidden(ctx, out, "token: ")
		if ctx.Err() != nil {
			return ctx.Err()
		}
		token := strings.TrimSpace(line)
		if token == "" {
			return usage(errors.Join(errors.New("no token on standard input: kaon token create on the server's machine makes one"), err))
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
	_, err = fmt.Fprintf(out.stdout, "you are %s, %s, at %s; use it with: export KAON_SERVER=%s\n", who.Name, who.Role, c.Server, c.Server)
	return err
}

type whoamiCmd struct {
	JSON bool `help:"Print JSON."`
	serverFlags
}

func (c *whoamiCmd) Run(ctx context.Context, out *output) error {
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	who, err := to.WhoAmI(ctx)
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(who)
	}
	_, err = fmt.Fprintf(out.stdout, "%s, %s, at %s\n", who.Name, who.Role, to.Address())
	return err
}
