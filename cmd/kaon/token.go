package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
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
	asked := api.NewToken{Name: c.Name, Role: access.Role(c.Role), Days: c.Days, Queues: c.Queue}
	made, err := to.CreateToken(ctx, asked)
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
