package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"
)

// eventObject is an Event of the core group: what people see by kubectl describe pod.
type eventObject struct {
	APIVersion string      `json:"apiVersion,omitempty"`
	Kind       string      `json:"kind,omitempty"`
	Metadata   meta        `json:"metadata"`
	Involved   reference   `json:"involvedObject"`
	Reason     string      `json:"reason"`
	Message    string      `json:"message"`
	Type       string      `json:"type"`
	Source     eventSource `json:"source"`
	First      time.Time   `json:"firstTimestamp,omitzero"`
	Last       time.Time   `json:"lastTimestamp,omitzero"`
	Time       time.Time   `json:"eventTime,omitzero"` // of writers of events.k8s.io, instead of the others
	Count      int         `json:"count,omitempty"`
}

type reference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
}

type eventSource struct {
	Component string `json:"component"`
}

// Why kaon does something to a pod, as its Events say.
const (
	eventKilled     = "KaonKilled"     // its executor, or a trial in it
	eventMoved      = "KaonMoved"      // its trials run elsewhere, as others end the pod
	eventNotAdopted = "KaonNotAdopted" // nobody waits for what it has done
	eventGaveUp     = "KaonGaveUp"     // it could not start

	normal, warning = "Normal", "Warning"
)

const (
	eventsKept  = 256  // that wait to be written; more are left out
	eventsEach  = 5    // written a second
	eventsBurst = 25   // at once
	eventMost   = 1000 // bytes of a message: Kubernetes takes 1024
	eventWait   = 10 * time.Second
	eventsFresh = 10 * time.Minute // kubelets repeat themselves every few minutes
	eventsPage  = 100              // that are asked for at once
	eventsPages = 20               // of one pod's at most
)

// events writes Events about pods, and reads those of others. Its methods may be called from any goroutine.
type events struct {
	api    *API
	log    *slog.Logger
	queue  chan *eventObject // to be written
	asking *rate.Limiter     // for those of pods that wait
}

func newEvents(api *API, log *slog.Logger) *events {
	return &events{api, log, make(chan *eventObject, eventsKept), rate.NewLimiter(eventsEach, eventsBurst)}
}

// tell has an Event written about a pod. It never waits: what cannot be written is left out.
func (v *events) tell(p *pod, kind, reason, message string) {
	if p == nil || p.Metadata.UID == "" {
		return
	}
	if len(message) > eventMost {
		message = strings.ToValidUTF8(message[:eventMost], "") + "…"
	}
	if !utf8.ValidString(message) {
		message = strings.ToValidUTF8(message, "�")
	}
	now := v.api.now().UTC().Truncate(time.Second)
	m := &p.Metadata
	e := &eventObject{APIVersion: "v1", Kind: "Event", Reason: reason, Message: message, Type: kind,
		Source: eventSource{"kaon"}, First: now, Last: now, Count: 1,
		Metadata: meta{GenerateName: m.Name + ".", Namespace: m.Namespace},
		Involved: reference{"v1", "Pod", m.Namespace, m.Name, m.UID}}
	select {
	case v.queue <- e:
	default:
	}
}

// run writes Events until ctx ends, or until it may not. They are for people: none is tried twice.
func (v *events) run(ctx context.Context) {
	limit := rate.NewLimiter(eventsEach, eventsBurst)
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-v.queue:
			if limit.Wait(ctx) != nil {
				return
			}
			err := v.api.event(ctx, e)
			var refused *StatusError
			switch {
			case ctx.Err() != nil:
				return
			case errors.As(err, &refused) && unauthorized(refused):
				v.log.Info("events are not written, as deploy/kubernetes/rbac.yaml would allow", "err", err)
				return
			case err != nil:
				v.log.Debug("event not written", "pod", e.Involved.Name, "err", err)
			}
		}
	}
}

func (a *API) event(ctx context.Context, e *eventObject) error {
	ctx, cancel := context.WithTimeout(ctx, eventWait)
	defer cancel()
	return a.send(ctx, http.MethodPost, eventsPath(e.Metadata.Namespace), e)
}

// eventsOf takes the Events of others about a pod, in no order. They are asked for to the last page: API servers answer
// them by name, so that the latest may be on any.
func (a *API) eventsOf(ctx context.Context, p *pod, take func(e *eventObject)) error {
	query := url.Values{"fieldSelector": {"involvedObject.uid=" + p.Metadata.UID}, "limit": {strconv.Itoa(eventsPage)}}
	for range eventsPages {
		var got struct {
			Metadata struct{ Continue string }
			Items    []eventObject
		}
		if err := a.once(ctx, http.MethodGet, eventsPath(p.Metadata.Namespace), query, "", nil, &got); err != nil {
			return err
		}
		for i := range got.Items {
			if e := &got.Items[i]; e.Source.Component != "kaon" {
				take(e)
			}
		}
		if got.Metadata.Continue == "" {
			return nil
		}
		query.Set("continue", got.Metadata.Continue)
	}
	return fmt.Errorf("there are more than %d", eventsPages*eventsPage)
}

// obstacle is what stands in a pod's way by others' Events: a volume that is not there, or a sandbox that cannot be
// made. It was there, and is no more, where the pod went on later.
func (v *events) obstacle(ctx context.Context, p *pod) (why string, err error) {
	ctx, cancel := context.WithTimeout(ctx, eventWait)
	defer cancel()
	var latest *eventObject
	var wentOn time.Time
	err = v.api.eventsOf(ctx, p, func(e *eventObject) {
		at := e.at()
		switch {
		case slices.Contains(onward, e.Reason):
			if at.After(wentOn) {
				wentOn = at
			}
		case e.Type == warning && slices.Contains(standing, e.Reason) && v.api.now().Sub(at) < eventsFresh:
			if latest == nil || at.After(latest.at()) {
				latest = e
			}
		}
	})
	if err != nil || latest == nil || !latest.at().After(wentOn) { // one of the same second counts once it is repeated
		return "", err
	}
	return latest.String(), nil
}

// standing are the reasons of Events that tell what stands in the way of a pod that was given a node.
var standing = []string{"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox",
	"FailedCreatePodContainer", "FailedPrepareDynamicResources",
	"NetworkNotReady", "FailedScheduling"}

// onward are the reasons of those that tell of a pod with its volumes and its sandbox. A large image takes minutes from
// there.
var onward = []string{"Pulling", "Pulled", "Created", "Started"}

func (e *eventObject) at() time.Time {
	return slices.MaxFunc([]time.Time{e.Last, e.First, e.Time, e.Metadata.Created}, time.Time.Compare)
}

func (e *eventObject) String() string {
	return cmp.Or(e.Reason, "Warning") + ": " + strings.Join(strings.Fields(e.Message), " ")
}

func eventsPath(namespace string) string {
	return "/api/v1/namespaces/" + url.PathEscape(namespace) + "/events"
}
