package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
)

// NewToken asks for a token.
type NewToken struct {
	Name string      `json:"name" minLength:"1" maxLength:"100" pattern:"^[a-zA-Z0-9._@-]+$" doc:"Who will use it."`
	Role access.Role `json:"role" enum:"viewer,submitter,operator,admin" default:"submitter"`
	Days int         `json:"days,omitempty" minimum:"0" maximum:"3650" doc:"After which it ends; 0: never."`
	// Queues bound where its caller may submit.
	Queues []string `json:"queues,omitempty" maxItems:"100" doc:"That it may submit into, and those below; absent: all."`
}

// MadeToken is a new token with its secret, which is shown once.
type MadeToken struct {
	access.Token
	Secret string `json:"secret"`
}

func (a *API) declareTokens() {
	type tokenInput struct {
		ID string `path:"token" maxLength:"100" doc:"Its id."`
	}
	none := huma.Error409Conflict("this server has no tokens: only this user's own processes on this machine may ask")
	huma.Register(a.huma, operation(access.Admin, http.MethodGet, "/tokens", "list-tokens",
		"All tokens, without their secrets"),
		func(context.Context, *struct{}) (*body[[]access.Token], error) {
			if a.cfg.Access.Tokens == nil {
				return nil, none
			}
			return answer(a.cfg.Access.Tokens.List(), nil)
		})
	huma.Register(a.huma, operation(access.Admin, http.MethodPost, "/tokens", "create-token",
		"Make a token; its secret is shown once"),
		func(_ context.Context, in *struct{ Body NewToken }) (*body[MadeToken], error) {
			if a.cfg.Access.Tokens == nil {
				return nil, none
			}
			token, secret, err := a.cfg.Access.Tokens.Create(in.Body.Name, in.Body.Role,
				time.Duration(in.Body.Days)*24*time.Hour, in.Body.Queues...)
			return answer(MadeToken{token, secret}, err)
		})
	huma.Register(a.huma, operation(access.Admin, http.MethodDelete, "/tokens/{token}", "revoke-token", "End a token"),
		func(_ context.Context, in *tokenInput) (*struct{}, error) {
			if a.cfg.Access.Tokens == nil {
				return nil, none
			}
			ended, err := a.cfg.Access.Tokens.Revoke(in.ID)
			if err == nil && !ended {
				err = notFound("no token has the id " + in.ID)
			}
			return nil, problem(err)
		})
}

// rfc3339 is a time for people and programs; empty when it is not known.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
