package staging

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// What a stranger has the server fetch by its own credentials is what sweeps have left in the results, and nothing beside that.
func TestAttackFetchFromBuckets(t *testing.T) {
	check := func(place, address string) error {
		spec := &sweep.Spec{File: "/uploaded/sweep.yaml"}
		spec.Task.Fetch = []sweep.Fetch{{URL: address}}
		return CheckForeign(spec, place)
	}
	const own = "s3://own/team%20a?region=eu-west-1"
	for _, address := range []string{
		"s3://own/team%20a/sweeps/a-1/artifacts/0/1/model.bin", "s3://own/team%20a/sweeps/a-1/artifacts/0/1/100%.csv",
		"s3://own/team%20a/sweeps/a/x#y", "s3://own/team%20a/sweeps/a/x?", "s3://own/team%20a/sweeps/a/what?.csv", "s3://own/team%20a/sweeps/a/curve?lr=0.1.png", "s3://own/team%20a/sweeps/a/x?region=eu-west-1",
		"data.csv", "https://example.com/data?x=s3://own/y",
	} {
		if err := check(own, address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := check("s3://own", "s3://own/sweeps/a-1/artifacts/0/1/model.bin"); err != nil {
		t.Error(err)
	}
	for _, address := range []string{
		"s3://others/team%20a/sweeps/a/x", "S3://others/x", "s3:own/x", "s3:/own/x", "s3:///own/x", "s3://own/team%20a/cache/x", "s3://own/secret",
		"s3://own/team%20a/sweepsx/a", "s3://own/team%20a/sweeps", "s3://own/team%20a/sweeps/../../secret", "s3://own/team%20a/sweeps/%2e%2e/%2e%2e/secret",
		"s3://own/team%20a/sweeps/a/x?endpoint=http://evil.example", "s3://own/team%20a/sweeps/a/x#?endpoint=http://evil.example",
		"S3://own/team%20a/sweeps/a/x??region=x", "s3://own/team a/sweeps/a/x", "s3://me:x@own/team%20a/sweeps/a/x", "s3://own:80/team%20a/sweeps/a/x", "s3://own/%zz",
	} {
		if err := check(own, address); err == nil {
			t.Errorf("%s is fetched", address)
		}
	}
	for _, place := range []string{"", "/results", "s3", "s3:/own"} {
		if err := check(place, "s3://own/sweeps/a/x"); err == nil {
			t.Errorf("with results in %q a bucket is read", place)
		}
	}
}

// However the scheme of an address is written, agents that ask for what is there are answered, and the server lives.
func TestAttackSchemeInCapitals(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "data") }))
	defer web.Close()
	for _, resumed := range []bool{false, true} {
		s := Stage{ID: "s", Spec: &sweep.Spec{}, Folder: t.TempDir(), Resumed: resumed, Warn: func(string) {}}
		for _, scheme := range []string{"http", "HTTP", "hTtP"} {
			s.Spec.Task.Fetch = append(s.Spec.Task.Fetch, sweep.Fetch{URL: scheme + strings.TrimPrefix(web.URL, "http") + "/data"})
		}
		if err := s.OpenFileServer(transfer.Config{Bind: "127.0.0.1"}); err != nil {
			t.Fatal(err)
		}
		var files task.Files
		if err := s.inputs(t.Context(), &files); err != nil {
			t.Fatal(err)
		}
		for _, one := range s.Prefetch {
			rs, err := http.Get(one.Value)
			if err != nil {
				t.Fatal(err) // whoever answers an agent has panicked
			}
			rs.Body.Close()
			if rs.StatusCode != http.StatusOK || rs.Request.URL.Host != strings.TrimPrefix(web.URL, "http://") {
				t.Errorf("%s: %s from %s", one.Value, rs.Status, rs.Request.URL.Host)
			}
		}
		if len(s.Prefetch) != len(s.Spec.Task.Fetch) {
			t.Errorf("agents fetch %v", s.Prefetch)
		}
		s.FileServer.Close()
	}
}

// A stranger does not have the server ask what this machine alone reaches.
func TestAttackProbe(t *testing.T) {
	asked := 0
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++; w.WriteHeader(http.StatusNotFound) }))
	defer own.Close()
	spec := &sweep.Spec{}
	spec.Task.Fetch = []sweep.Fetch{{URL: own.URL + "/secret"}}
	for _, owner := range []string{"somebody-else", ""} {
		foreign := owner != ""
		found := (&Stage{Spec: spec, Owner: owner}).probe(t.Context())
		if found[0].err == nil || errors.Is(found[0].err, transfer.ErrRefused) == foreign || (asked > 0) == foreign {
			t.Errorf("foreign %v: it was asked %d times: %v", foreign, asked, found[0].err)
		}
	}
	for owner, want := range map[string]bool{"": false, "somebody-else": true} {
		if state.IsForeign(owner) != want {
			t.Errorf("%q is foreign: %v", owner, !want)
		}
	}
}
