package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kaon-sweep/kaon/server/client"
)

// Names of sweeps and files come to the server as they are, also below a path of a proxy.
func TestNamesArriveAsTheyAre(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /at/v1/objects/{name...}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.PathValue("name"))
	})
	mux.HandleFunc("GET /at/v1/sweeps/{sweep}/trials/{trial}/logs", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.PathValue("sweep"))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	c, err := client.New(server.URL+"/at/", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain.txt", "my file.txt", "ü/100%.csv", "a%2Fb", "x?y#z", "a+b"} {
		from, err := c.Bucket().Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(from); string(got) != name {
			t.Errorf("object %q arrives as %q", name, got)
		}
		from.Close()
		if from, err = c.Logs(t.Context(), name, 0, 0, "stdout", 0, false); err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(from); string(got) != name {
			t.Errorf("sweep %q arrives as %q", name, got)
		}
		from.Close()
	}
}
