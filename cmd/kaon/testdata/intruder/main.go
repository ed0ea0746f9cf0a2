// Command intruder tries what a running kaon must not let it do, as another user, as a trial or in a container, and says what it
// could do. Its environment says where: PIDS, FOLDERS (what is in them shall be closed), PORTS, and SECRETS, which nothing may show. In a
// container it waits for the file PORTS_FILE, and looks at all that it sees of its own container; PARAM_ROLE=victim waits for DONE_FILE only.
package main

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	if os.Getenv("KAON_PARAM_ROLE") == "victim" {
		await("DONE_FILE")
		return
	}
	if os.Getenv("PORTS_FILE") != "" {
		os.Setenv("PORTS", await("PORTS_FILE"))
		container()
	}
	for _, pid := range words("PIDS") {
		process(pid, true)
	}
	for _, folder := range words("FOLDERS") {
		files(folder)
	}
	for _, port := range words("PORTS") {
		listener(port)
	}
	for _, secret := range words("NOT_IN_ENVIRONMENT") {
		for _, kv := range os.Environ() {
			if name, _, _ := strings.Cut(kv, "="); name == secret {
				could("see %s in its environment", name)
			}
		}
	}
	fmt.Println("tried all")
}

// await waits for a file that has something in it.
func await(variable string) string {
	for {
		if data, err := os.ReadFile(os.Getenv(variable)); err == nil && len(data) > 0 {
			return string(data)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// container tries what root in a container may try: the executor beside it, the kernel's doors, and the host's files.
func container() {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		if pid := filepath.Base(dir); pid != fmt.Sprint(os.Getpid()) {
			process(pid, false)
		}
	}
	for _, path := range []string{"/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/sys/kernel/uevent_helper", "/dev/mem", "/dev/kmsg",
		"/var/run/docker.sock", "/run/docker.sock"} {
		if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			f.Close()
			could("open %s", path)
		}
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			could("speak to %s", path)
		}
	}
	for _, name := range []string{"/mnt/mesos/sandbox/kaon", "/proc/1/exe"} {
		if f, err := os.OpenFile(name, os.O_WRONLY, 0); err == nil {
			f.Close()
			could("write to the executor %s", name)
		}
	}
}

func words(name string) []string { return strings.Fields(os.Getenv(name)) }

func could(format string, args ...any) { fmt.Printf("could "+format+"\n", args...) }

// process looks at one, and whether it can be signalled if it is none of the intruder's own user.
func process(pid string, foreign bool) {
	proc := "/proc/" + pid + "/"
	line, err := os.ReadFile(proc + "cmdline")
	if err != nil {
		return // hidden, or gone
	}
	for _, secret := range words("SECRETS") {
		if strings.Contains(string(line), secret) {
			could("read %s on the command line of %s", secret, line)
		}
	}
	for _, file := range []string{"environ", "mem", "maps", "io"} {
		if f, err := os.Open(proc + file); err == nil {
			if n, _ := f.Read(make([]byte, 1)); n > 0 {
				could("read %s%s", proc, file)
			}
			f.Close()
		}
	}
	fds, err := os.ReadDir(proc + "fd")
	if err == nil && foreign { // root may see how many there are
		could("list %sfd", proc)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(proc + "fd/" + fd.Name()); err == nil {
			could("see %s of %s", to, proc)
		}
	}
	var n int
	if _, err := fmt.Sscan(pid, &n); foreign && err == nil && syscall.Kill(n, 0) == nil {
		could("signal %s", pid)
	}
}

func files(folder string) {
	_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if d == nil {
			return nil
		}
		if _, err := os.ReadDir(path); err == nil {
			could("list %s", path)
		}
		if syscall.Access(path, 2) == nil {
			could("write to %s", path)
		}
		if f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			could("open %s", path)
			f.Close()
		}
		if c, err := net.Dial("unix", path); err == nil {
			could("connect to %s", path)
			c.Close()
		}
		return nil
	})
}

// listener asks everything that kaon serves anywhere.
func listener(port string) {
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	subscribe := `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"evil"}}}`
	for _, path := range []string{"/", "/api/v1/scheduler", "/master/api/v1/scheduler", "/redirect", "/health", "/slave(1)/api/v1/executor",
		"/api/v1/executor", "/state", "/metrics", "/v1/status", "/f/", "/f/0/0/code.tar.zst", "/i/0/0/x", "/u/0/0/x", "/s/0", "/s/", "/a/0/1/0/offer",
		"/debug/pprof/"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
			for _, as := range []string{"", "Basic a2Fvbjo=", "Basic a2Fvbjprb2Fu", "Bearer e30.e30.e30"} {
				req, err := http.NewRequest(method, "http://127.0.0.1:"+port+path, strings.NewReader(subscribe))
				if err != nil {
					continue
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Accept", "application/json")
				if as != "" {
					req.Header.Set("Authorization", as)
				}
				resp, err := client.Do(req)
				if err != nil {
					could("confuse port %s by %s %s: %v", port, method, path, err) // it answers, or something is wrong with this test
					continue
				}
				body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
				resp.Body.Close()
				if resp.StatusCode < 400 {
					could("%s %s at port %s: %s", method, path, port, resp.Status)
				}
				for _, secret := range words("SECRETS") {
					if strings.Contains(string(body), secret) {
						could("read %s at port %s", secret, port)
					}
				}
			}
		}
	}
}
