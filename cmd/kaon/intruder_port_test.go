package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// An executor that outlives its agent goes on asking at the agent's address, and shows its token to nobody who took the port.
func TestAttackTakenAgentPort(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", "metric: {name: cost, goal: minimize}\nparameters: {x: {values: [1]}}\nmethod: grid\ntask: {resources: {cpus: 0.1, memory: 20MB}}\n"+
		"command: [sh, -c, 'echo cost=1; touch "+p.dir+"/began; sleep 600']\n")
	x := p.start("run", "s.yaml")
	testkit.Await(t, "the trial", func() bool {
		_, err := os.Stat(filepath.Join(p.dir, "began"))
		return err == nil
	})
	var executor int
	endpoint := ""
	for _, pid := range p.processes() {
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		for kv := range strings.SplitSeq(string(environ), "\x00") {
			if name, value, _ := strings.Cut(kv, "="); name == "MESOS_AGENT_ENDPOINT" && strings.Contains(string(line), "\x00executor") {
				executor, endpoint = pid, value
			}
		}
	}
	if endpoint == "" {
		t.Skip("needs to read the environment of an executor, which hides it from all but root")
	}
	x.signal(syscall.SIGKILL)
	<-x.ended
	t.Cleanup(func() {
		for pids := []int{executor}; len(pids) > 0; pids = p.processes() {
			for _, pid := range pids {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	taken, err := net.Listen("tcp", endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for range 3 {
		if err := taken.(*net.TCPListener).SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		conn, err := taken.Accept()
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			t.Fatal(err)
		}
		if as := req.Header.Get("Authorization"); as != "" {
			t.Errorf("it showed %q", as)
		}
		_, _ = fmt.Fprint(conn, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nKaon-Proof: 00\r\n\r\n")
		conn.Close()
	}
}
