package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A program that is named by its path and is not there is told before anything starts.
func TestMissingProgramIsRefusedBeforeTheStart(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const head = "method: grid\nparameters: {x: {values: [1, 2]}}\n"
	p.write("list.yaml", head+"command: [./none, \"${args}\"]\n")
	p.kaon("run", "list.yaml").ends(exitUsage).says("the command runs ./none", "there is no")
	p.write("text.yaml", head+"command: bin/none ${args} > out\n")
	p.kaon("run", "text.yaml").ends(exitUsage).says("the command runs bin/none")
	p.write("program.yaml", head+"program: none.py\n")
	p.kaon("run", "program.yaml").ends(exitUsage).says("the command runs none.py")
	p.write("found.yaml", head+"program: found.sh\ncommand: [sh, \"${program}\"]\n")
	p.write("found.sh", "exit 0\n")
	p.kaon("run", "found.yaml", "--quiet").ends(exitDone)
}

// So is a script that is not there, a program that is not in PATH, and a file that could not be started.
func TestProgramsThatCannotStartAreRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("text.sh", "echo loss=1\n")
	p.write("here.sh", "#!/bin/sh\nexit 0\n")
	p.write("gone.sh", "#!/opt/none/bin/python\n")
	p.write("gone-env.sh", "#!/usr/bin/env nosuchpython\n")
	p.write("windows.sh", "#!/bin/sh\r\nexit 0\r\n")
	for _, name := range []string{"text.sh", "gone.sh", "gone-env.sh", "windows.sh"} {
		if err := os.Chmod(filepath.Join(p.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ command, says string }{
		{`[python3, nosuch.py, "${args}"]`, "the command runs nosuch.py"},
		{`[bash, nosuch.sh]`, "the command runs nosuch.sh"},
		{`[bash, -e, nosuch.sh]`, "the command runs nosuch.sh"},
		{`["${env}", "${interpreter}", -u, nosuch.py]`, "the command runs nosuch.py"},
		{`[env, A=1, timeout, "5", python3, nosuch.py]`, "the command runs nosuch.py"},
		{`[nosuchprogram, "${args}"]`, "there is no nosuchprogram in PATH"},
		{`[here.sh, "${args}"]`, "write ./here.sh"},
		{`[env, nosuchprogram]`, "there is no nosuchprogram in PATH"},
		{`[/opt/none/x]`, "there is no such file"},
		{`[./here.sh]`, "is not executable"},
		{`[./text.sh]`, "without a #! line"},
		{`[./gone.sh]`, "names a program that is not there"},
		{`[./gone-env.sh]`, "there is no nosuchpython in PATH"},
		{`[./windows.sh]`, "ends as on Windows"},
		{`[sh, -c, "./nosuch ${args}"]`, "the command runs ./nosuch"},
		{`nosuchprogram ${args}`, "there is no nosuchprogram in PATH"},
		{`set -e; mkdir -p out; python3 nosuch.py ${args} | tee log`, "the command runs nosuch.py"},
		{`cd . && python3 nosuch.py ${args}`, "the command runs nosuch.py"},
	} {
		t.Run(c.command, func(t *testing.T) {
			p := place{t: t, dir: p.dir, mark: p.mark}
			p.write("bad.yaml", "method: grid\nparameters: {x: {values: [1, 2]}}\ncommand: "+c.command+"\n")
			p.kaon("run", "bad.yaml").ends(exitUsage).says(c.says)
		})
	}
	for i, command := range []string{
		`[sh, here.sh, "${args}"]`, `[./text.sh]`, `./text.sh ${args}`, `cp here.sh made.sh; sh made.sh`, `nosuch || sh here.sh`, `f() { sh here.sh; }; f ${args}`, `nosuch; true`, `[sh, -c, "exit 0"]`, `if true; then sh here.sh; fi`, `[python3, -c, "pass"]`, `[python3, -m, json.tool, --help]`,
	} {
		if i == 1 {
			p.write("text.sh", "#! /bin/sh\nexit 0\n")
		}
		p.write("good.yaml", "method: grid\nparameters: {x: {values: [1]}}\ncommand: "+command+"\n")
		p.kaon("run", "good.yaml", "--quiet").ends(exitDone)
	}
}
