package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
)

// Output is what one running attempt writes, which the process behind the socket alone leads to.
type Output struct {
	Client         *Client
	Sweep          string
	Trial, Attempt int
}

// Read reads what follows an offset of a file. The error wraps fs.ErrNotExist when there is none.
func (o Output) Read(ctx context.Context, name string, offset int64) ([]byte, error) {
	var data []byte
	err := o.Client.ask(ctx, http.MethodGet, fmt.Sprintf("/v1/sweeps/%s%s/attempts/%d/output/%s?offset=%d",
		url.PathEscape(o.Sweep), trialPath(o.Trial), o.Attempt, url.PathEscape(name), offset), nil, &data)
	var said *Error
	if errors.Is(err, ErrNobody) || errors.As(err, &said) && said.Code == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return data, err
}
