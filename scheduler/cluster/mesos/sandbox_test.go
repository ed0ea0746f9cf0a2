package mesos_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
)

// filesCluster is a master and an agent in one server, which answer in the words of Mesos 1.12. The file
// holds bytes that are no UTF-8, control characters, and a character that a chunk of 64 KiB cuts in two.
func filesCluster(t *testing.T, content string) string {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	const folder = "/work/slaves/a-S0/frameworks/f-0/executors/kaon-1/runs/r"
	mux.HandleFunc("GET /tasks", func(w http.ResponseWriter, r *http.Request) {
		if name, secret, _ := r.BasicAuth(); name != "kaon" || secret != "s3cret" {
			http.Error(w, "401 Unauthorized.", http.StatusUnauthorized)
			return
		}
		if r.URL.Query().Get("task_id") != "s.1.1" {
			fmt.Fprint(w, `{"tasks":[]}`)
			return
		}
		fmt.Fprint(w, `{"tasks":[{"id":"s.1.1","framework_id":"f-0","executor_id":"kaon-1","slave_id":"a-S0","state":"TASK_RUNNING"}]}`)
	})
	mux.HandleFunc("GET /slaves", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"slaves":[{"id":"b-S1","pid":"slave(1)@127.0.0.1:1"},{"id":"a-S0","pid":"slave(1)@%s"}]}`,
			address)
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"frameworks":[],"completed_frameworks":[{"id":"f-0","executors":[],"completed_executors":[{"id":"kaon-1","directory":%q}]}]}`, folder)
	})
	mux.HandleFunc("GET /files/read", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		offset, _ := strconv.Atoi(q.Get("offset"))
		length, _ := strconv.Atoi(q.Get("length"))
		if q.Get("path") != folder+"/s.1.1/stdout" {
			http.NotFound(w, r)
			return
		}
		data := content[min(offset, len(content)):min(offset+length, len(content))]
		fmt.Fprintf(w, `{"data":"%s","offset":%d}`, picojson(data), offset)
	})
	return address
}

// picojson writes a text as Mesos does.
func picojson(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\' || c == '/':
			b.WriteString("\\" + string(rune(c)))
		case c == '\n':
			b.WriteString(`\n`)
		case c < 0x20 || c == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func TestSandboxIsReadByteByByte(t *testing.T) {
	content := "a/\"b\"\\\x01\x7f\xff\n" + strings.Repeat("x", 64<<10-11) + "ä ende\n"
	c := mesos.Config{Masters: []string{filesCluster(t, content)}, Principal: "kaon", Secret: "s3cret"}
	box, err := mesos.FindSandbox(t.Context(), c, "s.1.1", "s.1.1")
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for {
		data, err := box.Read(t.Context(), "stdout", int64(len(got)))
		if err != nil {
			t.Fatal(err)
		}
		if len(data) == 0 {
			break
		}
		got = append(got, data...)
	}
	if string(got) != content {
		t.Errorf("%d bytes read, %d written; first %q", len(got), len(content), got[:min(20, len(got))])
	}
	if _, err := box.Read(t.Context(), "stderr", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestSandboxOfNobody(t *testing.T) {
	address := filesCluster(t, "")
	c := mesos.Config{Masters: []string{address}, Principal: "kaon", Secret: "s3cret"}
	if _, err := mesos.FindSandbox(t.Context(), c, "s.2.1", "s.2.1"); !errors.Is(err, mesos.ErrNoTask) {
		t.Errorf("an unknown task: %v", err)
	}
	c.Secret = "wrong"
	if _, err := mesos.FindSandbox(t.Context(), c, "s.1.1", "s.1.1"); err == nil ||
		!strings.Contains(err.Error(), "401") {
		t.Errorf("a wrong secret: %v", err)
	}
	c.Masters = []string{"127.0.0.1:1"}
	if _, err := mesos.FindSandbox(t.Context(), c, "s.1.1", "s.1.1"); !errors.Is(err, mesos.ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
}
