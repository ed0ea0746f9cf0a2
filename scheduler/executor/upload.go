package executor

import (
	"context"
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// upload delivers one file of the attempt's folder.
func (t *attempt) upload(
	ctx context.Context, kind transfer.Kind, name, file string,
) (results.Artifact, error) {
	f, err := t.files.Load().Open(file)
	if err != nil {
		return results.Artifact{}, fmt.Errorf("deliver %s: %w", name, t.inFolder(err))
	}
	defer f.Close()
	return t.host.cache.client.Upload(ctx, t.order.Deliver.URL, kind, name, f)
}
