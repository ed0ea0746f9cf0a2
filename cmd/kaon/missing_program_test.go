package main

import "testing"

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
