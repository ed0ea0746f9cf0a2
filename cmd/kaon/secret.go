package main

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// readSecret reads a secret from a file that others may not read, without the space around it.
func readSecret(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if who := secretOpenTo(info); who != "" {
		return "", fmt.Errorf("%s: %s may read it: chmod 600 %[1]s", file, who)
	}
	text, err := os.ReadFile(file)
	return strings.TrimSpace(string(text)), err
}

// secretOpenTo is who else may read or change a secret's file; empty: nobody.
func secretOpenTo(info fs.FileInfo) string {
	owner := -1
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(stat.Uid)
	}
	return modeOpenTo(info.Mode(), owner, os.Getuid())
}

// modeOpenTo is secretOpenTo for user me. A group may read what root or another user has given it: it is the way in
// which an administrator gives a service its secret.
func modeOpenTo(mode fs.FileMode, owner, me int) string {
	switch {
	case mode.Perm()&0o006 != 0:
		return "every user of this machine"
	case mode.Perm()&0o020 != 0, mode.Perm()&0o040 != 0 && owner == me && me != 0:
		return "its group"
	}
	return ""
}

// givenSecret reads what a flag says: @FILE, or a secret in its variable. form is how it is written, and where is the
// place that has it.
func givenSecret(flag, value, variable, form string) (text, where string, err error) {
	if file, ok := strings.CutPrefix(value, "@"); ok {
		if text, err = readSecret(file); err != nil {
			err = fmt.Errorf("%s: %w", flag, err)
		}
		return text, file, err
	}
	if value != os.Getenv(variable) {
		return "", "", fmt.Errorf("%s: a secret on the command line can be read by every user of this machine: "+
			"write %s to a file and give %[1]s @FILE, or put it into %[3]s", flag, form, variable)
	}
	return value, variable, nil
}
