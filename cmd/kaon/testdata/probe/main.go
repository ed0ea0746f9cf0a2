// Command probe is a trial that says what it sees, for images that hold nothing else.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	var files syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files)
	var shm syscall.Statfs_t
	_ = syscall.Statfs("/dev/shm", &shm)
	dir, _ := os.Getwd()
	fmt.Printf("args %q uid %d gid %d dir %s home %s nofile %d shm %d\n", os.Args[1:], os.Getuid(), os.Getgid(), dir, os.Getenv("HOME"),
		files.Cur, shm.Blocks*uint64(shm.Bsize)>>20)
	if data, err := os.ReadFile("/data/word"); err == nil {
		fmt.Printf("data %s, writing: %v\n", data, os.WriteFile("/data/other", nil, 0o644))
	}
	report, err := os.OpenFile(os.Getenv("KAON_METRICS"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = fmt.Fprintf(report, "{\"x\": %s}\n", os.Getenv("KAON_PARAM_A"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	for _, arg := range os.Args[1:] {
		word, number, _ := strings.Cut(arg, "=")
		n, _ := strconv.Atoi(number)
		switch word {
		case "login":
			_, err := os.Stat("/mnt/mesos/sandbox/.docker/config.json")
			fmt.Println("login left behind:", map[bool]string{true: "yes", false: "no"}[err == nil])
		case "file":
			data, err := os.ReadFile(number)
			fmt.Printf("file %s %v\n", data, err)
		case "eat":
			eat(n)
		case "child-eats": // as a shell does that goes on when what it started was killed
			fmt.Println("child:", exec.Command(os.Args[0], "eat="+number).Run())
		case "sleep":
			time.Sleep(time.Duration(n) * time.Second)
		}
	}
}

// eat takes megabytes and touches every page of them.
func eat(megabytes int) {
	food := make([]byte, megabytes<<20)
	for i := 0; i < len(food); i += 4096 {
		food[i] = 1
	}
	fmt.Println("ate", len(food))
}
