package mesos_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
)

func ExampleParseURL() {
	c, err := mesos.ParseURL("mesos://kaon:s%40cret@a:5050,b/?role=research&failover=24h&tls")
	fmt.Println(c.Masters, c.Principal, c.Secret, c.Roles, c.FailoverTimeout, c.TLS.Enabled, err)
	// Output: [a:5050 b:5050] kaon s@cret [research] 24h0m0s true <nil>
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]mesos.Config{
		"mesos://a":                      {Masters: []string{"a:5050"}},
		"mesos://a:1,a:1,[::1]:2,[::2]/": {Masters: []string{"a:1", "[::1]:2", "[::2]:5050"}},
		"mesos://u@a":                    {Masters: []string{"a:5050"}, Principal: "u"},
		"mesos://u:p:q@a": {Masters: []string{"a:5050"}, Principal: "u",
			Secret: "p:q"},
		"mesos://a?role=x&role=y/z&gpus&name=n": {Masters: []string{"a:5050"}, Roles: []string{"x", "y/z"},
			GPUs: true, Name: "n"},
		"mesos://a?ca=/x.pem&insecure=0": {Masters: []string{"a:5050"},
			TLS: mesos.TLS{Enabled: true, CA: "/x.pem"}},
		"mesos://a?cert=c&key=k&tls=true": {Masters: []string{"a:5050"},
			TLS: mesos.TLS{Enabled: true, Cert: "c", Key: "k"}},
		"mesos://a?framework=f-1&failover=1m&as_user=u": {Masters: []string{"a:5050"}, FrameworkID: "f-1",
			FailoverTimeout: time.Minute, User: "u"},
	} {
		got, err := mesos.ParseURL(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                               "want mesos://host:5050",
		"http://a":                       "want mesos://host:5050",
		"zk://a:2181/mesos":              "ZooKeeper addresses are not read",
		"mesos://":                       `bad master ""`,
		"mesos://a,,b":                   `bad master ""`,
		"mesos://a:0":                    `bad port "0"`,
		"mesos://a:99999":                `bad port "99999"`,
		"mesos://::1":                    "bad master",
		"mesos://a b":                    "bad master",
		"mesos://a/api":                  `unexpected path "/api"`,
		"mesos://:x@a":                   "bad user or secret",
		"mesos://a?colour=red":           `unknown option "colour": the options are as_user, ca,`,
		"mesos://a?failover=soon":        `option failover="soon"`,
		"mesos://a?gpus=maybe":           `option gpus="maybe"`,
		"mesos://a?%zz":                  "bad options",
		"mesos://kaon:hunter2@a?nothing": `read cluster "mesos://kaon:SECRET@a?nothing"`,
	} {
		_, err := mesos.ParseURL(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("mesos://u:p@a:5050,[::1]:2/?tls&role=x")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := mesos.ParseURL(text)
		if err != nil {
			return
		}
		if len(c.Masters) == 0 {
			t.Fatalf("%q: no master and no error", text)
		}
		c.TLS = mesos.TLS{}
		c.FailoverTimeout = 0
		if c.Secret != "" && c.Principal == "" {
			t.Fatalf("%q: secret without a principal", text)
		}
		if _, err := mesos.New(c); err != nil {
			t.Fatalf("%q: parsed, but refused: %v", text, err)
		}
	})
}
