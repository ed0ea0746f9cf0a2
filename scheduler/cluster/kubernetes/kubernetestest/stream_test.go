package kubernetestest

import (
	"encoding/json"
	"strings"
	"testing"
)

// until reads messages until those of a channel contain what is wanted; the rest is kept for the next time, as the order of channels is nobody's.
func (r *remote) until(channel byte, wanted string) {
	r.t.Helper()
	for {
		if _, after, found := strings.Cut(r.got[channel], wanted); found {
			r.got[channel] = after
			return
		}
		c, data, ok := r.receive()
		if !ok {
			r.t.Fatalf("ended with %q, want %q", r.got, wanted)
		}
		r.got[c] += data
	}
}

func TestAttach(t *testing.T) {
	c, n, k := shell(t)
	k.do(201, "POST", pods, script("p", "while read line; do echo \"got $line\"; echo noted >&2; [ $line = end ] && exit 0; done", "", "", `,"stdin":true`))
	awaitPod(t, c, "p", "the pod to run", inPhase("Running"))
	path := pods + "/p/attach?container=main&stdin=true&stdout=true&stderr=true"
	one, two := k.attach(path, "v5.channel.k8s.io, v4.channel.k8s.io"), k.attach(path, "v4.channel.k8s.io")
	for _, r := range []*remote{one, two} {
		if channel, data, ok := r.receive(); !ok || channel != channelStdout || data != "" {
			t.Errorf("begins with %d %q", channel, data)
		}
	}
	one.send(channelStdin, "1\n")
	one.until(channelStdout, "got 1\n")
	one.until(channelStderr, "noted\n")
	two.until(channelStdout, "got 1\n")
	two.send(channelStdin, "2\n")
	one.until(channelStdout, "got 2\n")

	n.Stop() // cuts the streams, and leaves the process
	for ok := true; ok; {
		_, _, ok = one.receive()
	}
	n.Start()
	three := k.attach(path, "v5.channel.k8s.io")
	three.send(channelStdin, "end\n")
	three.until(channelStdout, "got end\n")
	channel, data, _ := three.receive()
	for channel != channelError {
		channel, data, _ = three.receive()
	}
	var status Object
	if err := json.Unmarshal([]byte(data), &status); err != nil || status.Text("status") != "Success" {
		t.Error(data)
	}
	awaitPod(t, c, "p", "the end", inPhase("Succeeded"))
	if r := k.attach(path, "v5.channel.k8s.io"); r.code != 500 {
		t.Error(r.code, r.refusal)
	}
	if _, log := k.text("GET", pods+"/p/log", "", ""); strings.Count(log, "got ") != 3 {
		t.Errorf("%q", log)
	}
	if r, err := k.openAs("application/json", path); err != nil || r.StatusCode != 406 {
		t.Error(r, err)
	}
	c.Grant("get", "getter", Rule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods/attach"}})
	if r := newClient(t, c, "get").attach(path, "v5.channel.k8s.io"); r.code != 403 {
		t.Error(r.code)
	}
}

func TestExec(t *testing.T) {
	c, _, k := shell(t)
	k.do(201, "POST", pods, script("p", "sleep 1000"))
	awaitPod(t, c, "p", "the pod to run", inPhase("Running"))
	r := k.attach(pods+"/p/exec?command=/bin/sh&command=-c&command=echo+hi%3Bcat%3Bexit+4&stdin=1&stdout=1", "v5.channel.k8s.io")
	r.send(channelStdin, "x\n")
	r.send(channelClose, string([]byte{channelStdin}))
	r.until(channelStdout, "hi\nx\n")
	r.until(channelError, `"message":"4"`)
}

func TestFollowedLog(t *testing.T) {
	c, n, k := shell(t)
	k.do(201, "POST", pods, script("p", "echo begin; while read line; do echo $line; done", "", "", `,"stdin":true`))
	o := awaitPod(t, c, "p", "the pod to run", inPhase("Running"))
	follow, err := k.open("GET", pods+"/p/log?follow=true", "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = follow.Body.Close() }()
	read := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		for n := 0; n < len(got); {
			m, err := follow.Body.Read(got[n:])
			if n += m; err != nil && n < len(got) {
				t.Fatalf("%q: %v", got[:n], err)
			}
		}
		if string(got) != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	read("begin\n")
	k.attach(pods+"/p/attach?stdin=true", "v5.channel.k8s.io").send(channelStdin, "more\n")
	read("more\n")
	n.RotateLog(o.UID(), "main")
	if _, log := k.text("GET", pods+"/p/log", "", ""); log != "" {
		t.Errorf("%q", log)
	}
	c.Down()
	if _, err := follow.Body.Read(make([]byte, 1)); err == nil {
		t.Error("it goes on")
	}
}
