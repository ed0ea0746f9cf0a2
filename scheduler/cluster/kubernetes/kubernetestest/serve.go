package kubernetestest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// bodyLimit is etcd's and the API server's bound of one request.
const bodyLimit = 3 << 20

func (c *Cluster) serve(w http.ResponseWriter, r *http.Request) {
	q, k, status := route(r)
	if status != nil {
		c.refuse(w, q, status)
		return
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	who := c.account(token)
	if !bearer || who == nil {
		c.refuse(w, q, &Status{Code: http.StatusUnauthorized, Reason: "Unauthorized", Message: "Unauthorized"})
		return
	}
	q.User = who.user
	if !who.allowed(q) {
		c.refuse(w, q, who.refusal(q))
		return
	}
	if f, hit := c.faults.next(q); hit {
		if f.Delay > 0 {
			select {
			case <-time.After(f.Delay):
			case <-r.Context().Done():
				return
			}
		}
		if f.Status != nil || f.Cut {
			if f.Applied {
				c.dispatch(new(nowhere), r, q, k, who)
			}
			if f.Cut {
				panic(http.ErrAbortHandler)
			}
			c.refuse(w, q, f.Status)
			return
		}
		if f.Torn > 0 {
			w = &torn{w, f.Torn}
		}
	}
	c.dispatch(w, r, q, k, who)
}

// nowhere takes an answer that is not sent.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header {
	if n.header == nil {
		n.header = http.Header{}
	}
	return n.header
}
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}

func (c *Cluster) dispatch(w http.ResponseWriter, r *http.Request, q Request, k *Kind, who *account) {
	switch {
	case q.Resource == "" || strings.HasPrefix(q.Resource, "selfsubject"):
		c.plain(w, r, q, who)
	case k == nil:
		c.refuse(w, q, &Status{Code: http.StatusNotFound, Reason: "NotFound",
			Message: "the server could not find the requested resource"})
	case k.Resource == "pods" && (q.Subresource == "attach" || q.Subresource == "exec"):
		c.stream(w, r, q, who)
	case k.Resource == "pods" && q.Subresource == "log":
		c.log(w, r, q)
	case q.Verb == "watch":
		c.watch(w, r, q, k)
	default:
		code, body, status := c.answer(r, q, k)
		if status != nil {
			c.refuse(w, q, status)
			return
		}
		q.Code = code
		c.answered(q)
		writeJSON(w, code, body)
	}
}

func (c *Cluster) refuse(w http.ResponseWriter, q Request, s *Status) {
	q.Code = s.Code
	c.answered(q)
	if s.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(s.RetryAfter))
	}
	writeJSON(w, s.Code, s.Object())
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

// plain answers what is no resource, and what somebody asks about itself.
func (c *Cluster) plain(w http.ResponseWriter, r *http.Request, q Request, who *account) {
	q.Code = http.StatusOK
	switch {
	case q.Resource == "selfsubjectaccessreviews" && q.Verb == "create":
		var review Object
		if status := readBody(r, &review); status != nil {
			c.refuse(w, q, status)
			return
		}
		about := dict(review.Get("spec", "resourceAttributes"))
		asked := Request{Verb: text(about, "verb"), Group: text(about, "group"), Resource: text(about, "resource"),
			Subresource: text(about, "subresource"), Namespace: text(about, "namespace"), Name: text(about, "name")}
		if about == nil {
			asked = Request{Verb: review.Text("spec", "nonResourceAttributes", "verb"),
				Path: review.Text("spec", "nonResourceAttributes", "path")}
		}
		allowed := who.allowed(asked)
		review["kind"], review["apiVersion"] = "SelfSubjectAccessReview", "authorization.k8s.io/v1"
		review["status"] = map[string]any{"allowed": allowed}
		q.Code = http.StatusCreated
		c.answered(q)
		writeJSON(w, http.StatusCreated, review)
	case q.Path == "/version" || q.Path == "/version/":
		c.answered(q)
		writeJSON(w, http.StatusOK, Object{"major": "1", "minor": "37", "gitVersion": "v1.37.2",
			"platform": "linux/amd64"})
	case q.Path == "/healthz" || q.Path == "/livez" || q.Path == "/readyz":
		c.answered(q)
		_, _ = io.WriteString(w, "ok")
	default:
		c.refuse(w, q, &Status{Code: http.StatusNotFound, Reason: "NotFound",
			Message: "the server could not find the requested resource"})
	}
}

func readBody(r *http.Request, into any) *Status {
	body, status := rawBody(r)
	if status != nil {
		return status
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "" && kind != "application/json" {
		return &Status{Code: http.StatusUnsupportedMediaType, Reason: "UnsupportedMediaType", Message: "the body " +
			"of the request was in an unknown format - accepted media types include: application/json"}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return badRequest("the object provided is unrecognized: %v", err)
	}
	return nil
}

func rawBody(r *http.Request) ([]byte, *Status) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, bodyLimit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &Status{Code: http.StatusRequestEntityTooLarge, Reason: "RequestEntityTooLarge",
			Message: fmt.Sprintf("Request entity is too large: limit is %d", bodyLimit)}
	}
	if err != nil {
		return nil, badRequest("read the body: %v", err)
	}
	return body, nil
}
