package main

import "testing"

// Sweeps of results are found by what those of a server are found by.
func TestNamesOfSweeps(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, name := range []string{"oak", "ash"} {
		p.write(name+".yaml", "name: "+name+"\nmethod: grid\nparameters: {x: {values: [1]}}\ncommand: echo "+name)
		p.kaon("run", name+".yaml", "--quiet").ends(exitDone)
	}
	oak, ash := p.sweep("oak"), p.sweep("ash")
	for text, want := range map[string]string{"oak": oak, "oak-": oak, oak: oak, "@latest": ash, "a": ash, "": ash} {
		args := []string{"status"}
		if text != "" {
			args = append(args, text)
		}
		p.kaon(args...).ends(exitDone).prints(want)
	}
	p.kaon("logs", "oak/0").ends(exitDone).prints("oak")
	p.kaon("status", "elm").ends(exitUsage).says("no sweep \"elm\"", oak, ash)
	p.write("oak2.yaml", "name: oak\nmethod: grid\nparameters: {x: {values: [2]}}\ncommand: echo again")
	p.kaon("run", "oak2.yaml", "--quiet").ends(exitDone)
	p.kaon("status", "oak").ends(exitUsage).says("write more of it")
}
