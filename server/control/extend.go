package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// extension is the body of a request to extend a sweep.
type extension struct {
	Set []string `json:"set"` // KEY=VALUE
}

// Extended is what a sweep has become.
type Extended struct {
	Trials int `json:"trials"` // in all
	From   int `json:"from"`   // the first that had not begun
}

// Extend goes on with a sweep by changes of its spec. It returns when that is durable.
func (c *Client) Extend(ctx context.Context, sweep string, set []string) (Extended, error) {
	var out Extended
	body, err := json.Marshal(extension{set})
	if err != nil {
		return out, err
	}
	err = c.ask(ctx, http.MethodPost, "/v1/sweeps/"+url.PathEscape(sweep)+"/extend", body, &out)
	return out, err
}

func (h *handler) extend(w http.ResponseWriter, r *http.Request) {
	var wanted extension
	body, err := read(w, r)
	if err == nil {
		if bad := json.Unmarshal(body, &wanted); bad != nil {
			err = fmt.Errorf("read the request: %w: %w", errNotJSON, bad)
		}
	}
	if err != nil {
		refuse(w, codeOf(err), err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	out, err := h.service.ExtendSweep(ctx, r.PathValue("sweep"), wanted.Set)
	if err != nil {
		refuse(w, codeOf(err), err)
		return
	}
	answer(w, http.StatusOK, out)
}
