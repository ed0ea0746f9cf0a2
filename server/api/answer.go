package api

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type humaContext = huma.Context

// lateAnswer is a request of which the status goes out with the first byte of its answer, as a content may turn out to
// be none that JSON has, which huma takes for a panic. It is its own body's writer.
type lateAnswer struct {
	humaContext
	status int
	begun  bool
}

// hold has answers begin when there is something of them.
func hold(ctx huma.Context, next func(huma.Context)) {
	a := &lateAnswer{humaContext: ctx}
	next(a)
	a.begin()
}

func (a *lateAnswer) SetStatus(code int) { a.status = code }

func (a *lateAnswer) Status() int { return a.status }

func (a *lateAnswer) BodyWriter() io.Writer { return a }

func (a *lateAnswer) Write(p []byte) (int, error) {
	a.begin()
	return a.humaContext.BodyWriter().Write(p)
}

// Unwrap is for streams, which flush what they have written.
func (a *lateAnswer) Unwrap() http.ResponseWriter {
	a.begin()
	w, _ := a.humaContext.BodyWriter().(http.ResponseWriter)
	return w
}

// Flush implements http.Flusher: who follows a log reads what has come.
// the caller is gone when this fails
func (a *lateAnswer) Flush() { _ = http.NewResponseController(a.Unwrap()).Flush() }

func (a *lateAnswer) begin() {
	if !a.begun && a.status != 0 {
		a.humaContext.SetStatus(a.status)
	}
	a.begun = true
}

// writeJSON writes an answer's content. It returns no error: of what cannot be encoded nothing has been written, and
// the answer is another one; and who does not take what is written is gone.
func (a *API) writeJSON(w io.Writer, v any) error {
	err := encodeJSON(w, v)
	to, ok := w.(*lateAnswer)
	if err == nil || ok && to.begun {
		return nil
	}
	if !ok {
		return err
	}
	a.cfg.Log.Error("an answer could not be encoded; this is a bug in kaon", "operation", to.Operation().OperationID,
		"path", to.URL().Path, "error", err)
	to.SetStatus(http.StatusInternalServerError)
	to.SetHeader("Content-Type", "application/problem+json")
	_ = encodeJSON(to, huma.Error500InternalServerError("this answer could not be encoded, which is a bug in kaon: "+
		err.Error()))
	return nil
}

func encodeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
