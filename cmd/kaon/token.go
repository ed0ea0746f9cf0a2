package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	Name string `arg:"" help:"Who will use it: owner of what is submitted with it."`
	Role string `enum:"viewer,submitter,operator,admin" default:"submitter" help:"viewer reads; submitter submits and changes what is their own; operator changes what is anybody's; admin makes tokens (${default})."`
	Days int    `placeholder:"N" help:"After which it ends; never when left out."`
	JSON bool   `help:"Print JSON."`
	serverFlags
}

func (c *tokenCreateCmd) Run(ctx context.Context, out *output) error {
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	made, err := to.CreateToken(ctx, api.NewToken{Name: c.Name, Role: api.Role(c.Role), Days: c.Days})
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
	tab.row("TOKEN", "NAME", "ROLE", "CREATED", "EXPIRES")
	for _, t := range list {
		expires := t.Expires
		if expires == "" {
			expires = "never"
		}
		tab.row(t.ID, t.Name, t.Role, t.Created, expires)
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
	Server string `arg:"" name:"url" help:"https://host:port, or http:// on this machine."`
}

func (c *loginCmd) Help() string {
	return "Reads a token from standard input and keeps it, in a file that only you may read, for commands with --server URL or KAON_SERVER=URL."
}

func (c *loginCmd) Run(ctx context.Context, out *output) error {
	fmt.Fprint(out.stderr, "token: ")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	token := strings.TrimSpace(line)
	if token == "" {
		return usage(errors.Join(errors.New("no token on standard input: kaon token create on the server's machine makes one"), err))
	}
	to, err := client.New(c.Server, token)
	if err != nil {
		return usage(err)
	}
	who, err := to.WhoAmI(ctx)
	if err != nil {
		return answered(err)
	}
	known, file, err := logins()
	if err != nil {
		return usage(err)
	}
	if file == "" {
		return usage(errors.New("there is no folder for settings of yours: set HOME, or give the token in " + tokenVariable))
	}
	if known == nil {
		known = map[string]string{}
	}
	known[c.Server] = token
	text, err := json.MarshalIndent(known, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	if err == nil {
		err = saveSecret(file, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep the token: %w", err)
	}
	_, err = fmt.Fprintf(out.stdout, "you are %s, %s, at %s; use it with: export KAON_SERVER=%s\n", who.Name, who.Role, c.Server, c.Server)
	return err
}

// saveSecret replaces a file by one that only its owner may read.
func saveSecret(name string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
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
