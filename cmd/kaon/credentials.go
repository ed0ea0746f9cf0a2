package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/ledger"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// credentialsVariable names a file with the credentials of a cluster, NAME:SECRET.
const credentialsVariable = "KAON_CREDENTIALS"

// principalVariable holds what `kaon cluster` asks for, NAME:SECRET: a command line can be read by every
// user.
const principalVariable = "KAON_PRINCIPAL"

// readCredentials reads NAME:SECRET from a file that others may not read.
func readCredentials(file string) (name, secret string, err error) {
	text, err := readSecret(file)
	if err != nil {
		return "", "", fmt.Errorf("read credentials: %w", err)
	}
	return cutCredentials(text, file)
}

// givenCredentials reads what a flag says: @FILE, or NAME:SECRET in its variable.
func givenCredentials(flag, value, variable string) (name, secret string, err error) {
	text, where, err := givenSecret(flag, value, variable, "NAME:SECRET")
	if err != nil {
		return "", "", err
	}
	return cutCredentials(text, where)
}

// secretShown is what to say when the command line has a secret in the address of a cluster; empty: it has
// none.
func secretShown(args []string) string {
	for _, arg := range args {
		_, rest, ok := strings.Cut(arg, "mesos://")
		authority, _, _ := strings.Cut(rest, "?")
		if at := strings.LastIndexByte(authority, '@'); ok && at >= 0 && strings.Contains(authority[:at], ":") {
			return "the secret in --cluster can be read by every user of this machine while this command runs: " +
				"leave USER:SECRET@ out and put " +
				"it into a file that only you may read, with " + credentialsVariable +
				"=FILE, or put the whole address into KAON_CLUSTER"
		}
	}
	return ""
}

func cutCredentials(text, where string) (name, secret string, err error) {
	name, secret, ok := strings.Cut(text, ":")
	if !ok || name == "" || secret == "" {
		return "", "", fmt.Errorf("credentials in %s: want NAME:SECRET", where)
	}
	return name, secret, nil
}

// ownCredentials is the file in which this user's `kaon cluster` at an address leaves its credentials for
// this user's other commands.
func ownCredentials(address string) (string, error) {
	folder, err := ledger.Folder()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, "cluster-"+strings.ReplaceAll(address, "localhost", "127.0.0.1")), nil
}

// makeCredentials gives the credentials of the cluster at an address, those of its former life if there are
// any: schedulers that outlived it know them.
func makeCredentials(address string) (name, secret, file string, err error) {
	if file, err = ownCredentials(address); err != nil {
		return "", "", "", err
	}
	if name, secret, err = readCredentials(file); err == nil {
		return name, secret, file, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", "", "", err
	}
	name, secret = "kaon", rand.Text()
	if err := os.WriteFile(file, []byte(name+":"+secret+"\n"), 0o600); err != nil {
		return "", "", "", fmt.Errorf("keep credentials: %w", err)
	}
	return name, secret, file, nil
}

// ownClusterWait is how long a command waits for a cluster of this user's that may just be starting.
const ownClusterWait = 5 * time.Second

// awaitOwnCluster waits, when nobody listens yet at an address of this machine, until somebody does: `kaon cluster`
// leaves its credentials before it listens, and who reads them sooner is refused. It returns the time it took.
func awaitOwnCluster(where string, most time.Duration) time.Duration {
	began := time.Now()
	c, err := mesos.ParseURL(where)
	if err != nil || c.Principal != "" || os.Getenv(credentialsVariable) != "" || !listen.Loopback(c.Masters[0]) {
		return 0
	}
	for {
		conn, err := net.DialTimeout("tcp", c.Masters[0], most)
		if err == nil {
			conn.Close()
			return time.Since(began)
		}
		if time.Since(began)+ownClusterPoll > most {
			return time.Since(began)
		}
		time.Sleep(ownClusterPoll)
	}
}

const ownClusterPoll = 20 * time.Millisecond

// parseCluster reads an address of a Mesos. Without credentials in it they come from the file that
// KAON_CREDENTIALS names, or from what this user's own `kaon cluster` left.
func parseCluster(text string) (mesos.Config, error) {
	c, err := mesos.ParseURL(text)
	if err != nil || c.Principal != "" {
		return c, err
	}
	file := os.Getenv(credentialsVariable)
	if file == "" {
		if !listen.Loopback(c.Masters[0]) {
			return c, nil
		}
		if file, err = ownCredentials(c.Masters[0]); err != nil {
			return c, nil // then there are none
		}
		if _, err := os.Stat(file); err != nil {
			return c, nil
		}
		c.Check = listen.Ours // the cluster that made them may have ended, and somebody else listen there
	}
	c.Principal, c.Secret, err = readCredentials(file)
	return c, err
}
