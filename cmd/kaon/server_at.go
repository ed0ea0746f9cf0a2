package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/ledger"
	"github.com/kaon-sweep/kaon/scheduler/listen"
	"github.com/kaon-sweep/kaon/server/client"
)

// serverFlags say which server is asked.
type serverFlags struct {
	Server string `env:"KAON_SERVER" placeholder:"URL" help:"The server: unix:///path, http://host:port or https://host:port; own, or left out: this user's on this machine."`
}

// ownAddress is what --server says for this user's own server.
const ownAddress = "own"

// announced is what a server leaves for this user's other commands.
type announced struct {
	Server  string    `json:"server"`
	Results string    `json:"results"`
	PID     int       `json:"pid"`
	Began   time.Time `json:"began"`
	file    string
}

// announce lets this user's other commands find a server, until forget is called.
func announce(address, results string) (forget func(), err error) {
	forget = func() {}
	folder, err := ledger.Folder()
	if err != nil {
		return forget, err
	}
	own := announced{Server: address, Results: results, PID: os.Getpid(), Began: time.Now()}
	text, err := json.Marshal(own)
	if err != nil {
		return forget, err
	}
	for _, a := range ownServers() { // those that were killed could not take theirs away
		if a.Server == address || a.gone() {
			_ = os.Remove(a.file) // who reads it finds that nobody listens
		}
	}
	own.file = filepath.Join(folder, fmt.Sprintf("server-%d.json", own.PID))
	return func() { _ = os.Remove(own.file) }, durable.Replace(own.file, text)
}

// ownServers are the servers that this user runs on this machine, the last that began first. Some may have been killed.
func ownServers() (all []announced) {
	folder, err := ledger.Folder()
	if err != nil {
		return nil
	}
	entries, _ := os.ReadDir(folder) // of none: there is no server
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "server-") || !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		a := announced{file: filepath.Join(folder, e.Name())}
		if text, err := os.ReadFile(a.file); err == nil && json.Unmarshal(text, &a) == nil {
			all = append(all, a)
		}
	}
	slices.SortStableFunc(all, func(a, b announced) int { return b.Began.Compare(a.Began) })
	return all
}

// listens tells whether the server does.
func (a announced) listens() bool { return a.dial() == nil }

// gone tells whether nobody has the server's socket: one that is too busy for another connection is there.
func (a announced) gone() bool {
	err := a.dial()
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}

func (a announced) dial() error {
	conn, err := listen.DialUnix(context.Background(), strings.TrimPrefix(a.Server, "unix://"))
	if err == nil {
		conn.Close()
	}
	return err
}

// lastServer is this user's server on this machine: the last that began of those that listen, or of all if none does.
func lastServer() (a announced, ok bool) {
	all := ownServers()
	if len(all) == 0 {
		return a, false
	}
	return all[max(0, slices.IndexFunc(all, announced.listens))], true
}

var errNoServer = errors.New("no server of yours runs on this machine: start one with `kaon serve`, or name one " +
	"with --server or KAON_SERVER")

// client is a way to the server.
func (f serverFlags) client(ctx context.Context) (*client.Client, error) {
	address, own := f.Server, f.Server == "" || f.Server == ownAddress
	if own {
		a, ok := lastServer()
		if !ok {
			return nil, usage(errNoServer)
		}
		address = a.Server
	}
	c, err := clientAt(address)
	if err != nil {
		return nil, err
	}
	if _, err := c.WhoAmI(ctx); err != nil {
		if own && errors.Is(err, client.ErrNobody) {
			return nil, usage(errNoServer)
		}
		return nil, answered(err)
	}
	return c, nil
}

func clientAt(address string) (*client.Client, error) {
	token, err := tokenOf(address)
	if err != nil {
		return nil, usage(err)
	}
	shown, err := certificateFor(address)
	if err != nil {
		return nil, usage(err)
	}
	c, err := client.New(address, token, shown...)
	if err != nil {
		return nil, usage(err)
	}
	return c, nil
}

// answered gives a server's answer its exit code.
func answered(err error) error {
	var problem *client.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problem) && problem.Status < 500:
		return usage(err)
	}
	return unreachable(err)
}

// tokenVariable holds a token for the server that is asked.
const tokenVariable = "KAON_TOKEN"

// tokenOf is the token for a server: of the variable, or what `kaon login` kept. Empty: none.
func tokenOf(address string) (string, error) {
	if strings.HasPrefix(address, "unix:") {
		return "", nil
	}
	if token := os.Getenv(tokenVariable); token != "" {
		return token, nil
	}
	known, _, err := logins()
	return known[address], err
}

// tokensFile, among this user's settings, has the tokens that `kaon login` kept.
const tokensFile = "servers.json"

// logins are the tokens that `kaon login` kept, by address, and the file they are in.
func logins() (known map[string]string, file string, err error) { return kept[string](tokensFile) }

// kept is what `kaon login` kept in a file of this user's settings, by the server's address. No file: nobody could have
// kept any.
func kept[T any](name string) (known map[string]T, file string, err error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return nil, "", nil
	}
	file = filepath.Join(config, "kaon", name)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, file, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &known)
	}
	if err != nil {
		return nil, file, fmt.Errorf("read what `kaon login` keeps in %s: %w", file, err)
	}
	return known, file, nil
}

// keep changes what a later kept finds.
func keep[T any](name string, change func(known map[string]T)) error {
	known, file, err := kept[T](name)
	if err != nil {
		return usage(err)
	}
	if file == "" {
		return usage(errors.New("there is no folder for settings of yours: set HOME, or say who you are by " +
			tokenVariable + ", or " + certVariable + " and " + keyVariable))
	}
	if known == nil {
		known = map[string]T{}
	}
	change(known)
	text, err := json.MarshalIndent(known, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	if err == nil {
		err = durable.Replace(file, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep it in %s: %w", file, err)
	}
	return nil
}

// absolutePlace is a place of results, good from any folder.
func absolutePlace(place string) string {
	if folder := folderOf(place); folder != "" {
		return folder
	}
	return place
}
