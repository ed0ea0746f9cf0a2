package transfer_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// Nothing is taken at the URL of an attempt that has ended, in no step of an upload, and what it left stays
// as it was.
func TestAttackEndedAttempt(t *testing.T) {
	b := folder(t)
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: b})
	ended := make(chan bool, 1)
	ended <- false
	d.Ended(func(trial, number int) bool {
		is := <-ended
		ended <- is
		return is && trial == 0 && number == 1
	})
	path, sum := content(t, 1<<20)
	url := d.Attempt(0, 1)
	if _, err := quick.Upload(t.Context(), url, transfer.Artifacts, "m", opened(t, path)); err != nil {
		t.Fatal(err)
	}
	<-ended
	ended <- true
	d.Forget(0, 1)
	other, _ := content(t, 2<<20)
	if _, err := quick.Upload(t.Context(), url, transfer.Artifacts, "m", opened(t, other)); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("taken after the end: %v", err)
	}
	for _, step := range []string{"POST /offer", "PUT /chunk", "POST /sign", "POST /done"} {
		method, path, _ := strings.Cut(step, " ")
		if code := request(t, method, url+path, ""); code != http.StatusGone {
			t.Errorf("%s: %d", step, code)
		}
	}
	holds(t, b, "sweeps/s/artifacts/0/1/m", sum)
	if _, err := quick.Upload(t.Context(), d.Attempt(0, 2), transfer.Artifacts, "m", opened(t, path)); err != nil {
		t.Errorf("the next attempt: %v", err)
	}
}

// A page that had its own name resolve to this machine is not answered, even if it had learned an address.
func TestAttackRebinding(t *testing.T) {
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: folder(t), Host: "sweeps.example"})
	url := strings.Replace(d.Attempt(0, 1), "sweeps.example", "127.0.0.1", 1) + "/offer"
	for host, want := range map[string]int{"evil.example": http.StatusMisdirectedRequest, "sweeps.example": http.StatusBadRequest, "": http.StatusBadRequest} {
		if code := request(t, http.MethodPost, url, host); code != want {
			t.Errorf("asked as %q: %d, want %d", host, code, want)
		}
	}
}

func request(t *testing.T, method, url, host string) int {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader("no JSON"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}
