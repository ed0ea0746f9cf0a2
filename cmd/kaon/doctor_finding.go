package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// doctorFlags say what is to be checked.
type doctorFlags struct {
	Results   string `default:"kaon-results" env:"KAON_RESULTS" placeholder:"PLACE" help:"Folder or s3://bucket/prefix for the results (${default})."`
	State     string `aliases:"state-dir" placeholder:"DIR" help:"Folder for journals and sandboxes, as for kaon run."`
	TLSCert   string `name:"tls-cert" placeholder:"FILE" help:"Certificate that kaon serve is given, PEM."`
	TLSKey    string `name:"tls-key" placeholder:"FILE" help:"Its key, PEM."`
	Cluster   string `default:"local" env:"KAON_CLUSTER" placeholder:"WHERE" help:"local, mesos://[user:secret@]host:port[,host:port…][?options], or kubernetes[://CONTEXT][?options] (${default})."`
	Advertise string `placeholder:"HOST[:PORT]" help:"Address at which agents and executors are to reach this machine."`
	GPUs      string `name:"gpus" env:"KAON_GPUS" placeholder:"N|IDS" help:"GPUs of this machine for trials, as for kaon run."`
	serverFlags
}

// verdict is what a check comes to.
type verdict string

const (
	verdictOK   verdict = "ok"
	verdictInfo verdict = "info" // good to know
	verdictWarn verdict = "warn" // it works, until it does not
	verdictFail verdict = "fail" // it cannot work
)

// finding is one line of the doctor's: a contract for scripts.
type finding struct {
	Part    string  `json:"part"` // machine, results, cluster or server
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Text    string  `json:"text"`
	Remedy  string  `json:"remedy,omitempty"`
}

// findings are a part's checks as they are made.
type findings struct {
	part string
	list []finding
}

func (f *findings) add(check string, v verdict, remedy, format string, args ...any) {
	if v == verdictOK || v == verdictInfo {
		remedy = ""
	}
	f.list = append(f.list, finding{f.part, check, v, fmt.Sprintf(format, args...), remedy})
}

// when adds what is bad if it is, and else that all is well.
func (f *findings) when(bad bool, v verdict, check, remedy, format string, args ...any) {
	if !bad {
		v = verdictOK
	}
	f.add(check, v, remedy, format, args...)
}

// stateFolder is where journals would lie.
func (c *doctorFlags) stateFolder() string {
	f := workFlags{Results: c.Results, State: c.State}
	folder := f.state(serveFolder)
	if absolute, err := filepath.Abs(folder); err == nil {
		return absolute
	}
	return folder
}

// present is a folder, or the nearest above it that is there.
func present(folder string) string {
	for folder != "/" && folder != "." {
		if _, err := os.Stat(folder); err == nil {
			return folder
		}
		at := strings.LastIndexByte(folder, '/')
		if at <= 0 {
			break
		}
		folder = folder[:at]
	}
	return folder
}
