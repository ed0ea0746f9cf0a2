package control

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
)

// pending is the answer about records that the bucket does not have yet, in the batches that it will have.
type pending struct {
	Batches [][]byte `json:"batches"`
}

func (h *handler) records(w http.ResponseWriter, r *http.Request) {
	var out pending
	packer := store.NewPacker()
	for _, record := range h.service.Pending(r.PathValue("sweep")) {
		err := packer.Add(record)
		if errors.Is(err, store.ErrTooLarge) && packer.Len() > 0 {
			out.Batches = append(out.Batches, packer.Pack())
			err = packer.Add(record)
		}
		if err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
	}
	if packer.Len() > 0 {
		out.Batches = append(out.Batches, packer.Pack())
	}
	answer(w, http.StatusOK, out)
}

// Records are those of a sweep that the bucket may not have yet. Who reads the bucket afterwards has, with
// these, every record that was durable before this call.
func (c *Client) Records(ctx context.Context, sweep string) ([]results.Record, error) {
	var answer pending
	if err := c.ask(ctx, http.MethodGet, "/v1/sweeps/"+url.PathEscape(sweep)+"/records", nil,
		&answer); err != nil {
		return nil, err
	}
	var all []results.Record
	for _, batch := range answer.Batches {
		records, err := store.Decode(batch)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	return all, nil
}
