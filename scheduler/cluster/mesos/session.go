package mesos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

const (
	mediaType    = "application/x-protobuf"
	apiPath      = "/api/v1/scheduler"
	streamHeader = "Mesos-Stream-Id"

	// maxRecord bounds one event. Mesos itself sends no protobuf message beyond 64 MiB.
	maxRecord = 64 << 20
	// maxBurst bounds how many events are delivered at once.
	maxBurst = 256
	// defaultHeartbeat is Mesos's own interval, for masters that do not say theirs.
	defaultHeartbeat = 15 * time.Second
)

// session is one subscription: from SUBSCRIBE to the end of its stream.
type session struct {
	driver    *Driver
	address   string              // host:port asked
	framework cluster.FrameworkID // as it was, then as the master says
	again     bool
	patience  time.Duration // until the master has taken us in

	subscribed bool
	header     http.Header // of calls on this stream
	url        string
	end        context.CancelCauseFunc // ends the session; callable from any goroutine
}

// run subscribes and delivers until the stream ends. The error says why, and is never nil.
func (s *session) run(ctx context.Context, deliver func(...cluster.Event)) error {
	ctx, s.end = context.WithCancelCause(ctx)
	defer s.end(nil)
	watch := time.AfterFunc(s.patience, crash.Func(func() {
		if s.driver.live.Load() == s {
			s.end(errHeartbeat)
		} else {
			s.end(errTimeout)
		}
	}))
	defer watch.Stop()

	body, err := s.subscribe(ctx)
	if err != nil {
		return s.cause(ctx, err)
	}
	defer body.Close()
	err = s.read(recordio.NewReader(body, maxRecord), watch, deliver)
	err = s.cause(ctx, err)
	if s.subscribed {
		s.driver.live.Store(nil)
		disconnectionsTotal.Inc()
		lost := err
		if s.driver.tornDown.Load() { // masters end the stream of a framework that asks them to remove it
			lost = nil
		}
		deliver(cluster.Disconnected{Err: lost})
	}
	return err
}

// cause prefers the reason a session was ended for over what the broken connection then said.
func (s *session) cause(ctx context.Context, err error) error {
	var event *FrameworkError
	if why := context.Cause(ctx); why != nil && !errors.As(err, &event) {
		return why
	}
	return err
}

func (s *session) subscribe(ctx context.Context) (io.ReadCloser, error) {
	scheme := "http"
	if s.driver.conf.TLS.Enabled {
		scheme = "https"
	}
	s.url = scheme + "://" + s.address + apiPath
	s.header = s.driver.header.Clone()
	message, err := calls.Subscribe(s.driver.conf.frameworkInfo(s.framework)).Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode SUBSCRIBE: %w", err)
	}
	resp, err := s.post(ctx, message)
	if err != nil {
		countCall(subscribeCall, "error")
		if strings.Contains(err.Error(), "malformed HTTP") {
			return nil, notMaster(s.address, "something that is no HTTP")
		}
		return nil, err
	}
	countCall(subscribeCall, strconv.Itoa(resp.StatusCode))
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, refused(subscribeCall, s.address, resp)
	}
	if resp.Header.Get(streamHeader) == "" { // some other server, which says yes to everything
		defer resp.Body.Close()
		return nil, notMaster(s.address, "a page of another kind ("+resp.Header.Get("Content-Type")+")")
	}
	s.header.Set(streamHeader, resp.Header.Get(streamHeader))
	return resp.Body, nil
}

// read delivers events until the stream ends, those that came together at once. watch ends the session when
// the master is silent; the time that deliver takes does not count.
func (s *session) read(stream *recordio.Reader, watch *time.Timer, deliver func(...cluster.Event)) error {
	silence := s.driver.conf.CallTimeout
	var burst []cluster.Event
	hand := func() {
		if len(burst) > 0 {
			deliver(burst...)
			burst = nil
		}
	}
	defer hand()
	for {
		record, err := stream.Read()
		watch.Stop()
		if err != nil {
			return err
		}
		readBytesTotal.Add(len(record))
		var e api.Event
		if err := e.Unmarshal(record); err != nil {
			return fmt.Errorf("decode event: %w", err)
		}
		countEvent(e.Type.String())
		switch e.Type {
		case api.Event_SUBSCRIBED:
			silence = s.accepted(e.GetSubscribed(), deliver)
		case api.Event_HEARTBEAT:
		case api.Event_ERROR:
			return &FrameworkError{Text: e.GetError().GetMessage()}
		default:
			offersTotal.Add(len(e.GetOffers().GetOffers()))
			if ours := DecodeEvent(&e); ours != nil {
				burst = append(burst, ours)
			}
		}
		if len(burst) == maxBurst || !stream.Buffered() {
			hand()
		}
		watch.Reset(silence)
	}
}

// accepted opens the session for calls and returns how long the master may be silent.
func (s *session) accepted(e *api.Event_Subscribed, deliver func(...cluster.Event)) time.Duration {
	s.subscribed = true
	s.framework = cluster.FrameworkID(e.GetFrameworkID().GetValue())
	s.driver.live.Store(s)
	subscriptionsTotal.Inc()
	deliver(cluster.Subscribed{Framework: s.framework, Master: masterName(e.MasterInfo, s.address),
		Again: s.again})
	interval := defaultHeartbeat
	if v := e.GetHeartbeatIntervalSeconds(); v > 0 {
		interval = time.Duration(v * float64(time.Second))
	}
	return time.Duration(s.driver.conf.Heartbeats) * interval
}

func masterName(m *mesosapi.MasterInfo, otherwise string) string {
	host := m.GetAddress().GetHostname()
	if host == "" {
		host = m.GetHostname()
	}
	if host == "" {
		return otherwise
	}
	port := int(m.GetAddress().GetPort())
	if port == 0 && m != nil {
		port = int(m.GetPort())
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// call sends one message on this session's stream and waits for the answer.
func (s *session) call(ctx context.Context, name string, message []byte) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.driver.conf.CallTimeout, errTimeout)
	defer cancel()
	start := time.Now()
	resp, err := s.post(ctx, message)
	callSeconds.UpdateDuration(start)
	if err != nil {
		countCall(name, "error")
		return fmt.Errorf("send %s: %w", name, err)
	}
	defer resp.Body.Close()
	countCall(name, strconv.Itoa(resp.StatusCode))
	if resp.StatusCode != http.StatusAccepted && resp.StatusCode != http.StatusOK {
		return refused(name, s.address, resp)
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxText) // so that the connection is used again
	return nil
}

func (s *session) post(ctx context.Context, message []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	req.Header = s.header
	sentBytesTotal.Add(len(message))
	return s.driver.client.Do(req)
}

// refused reads an answer other than yes.
func refused(call, address string, resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxText))
	switch resp.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect, http.StatusFound,
		http.StatusMovedPermanently:
		// Mesos writes //host:port/path, newer ones with a scheme; only who leads is of interest.
		if to, err := url.Parse(resp.Header.Get("Location")); err == nil && to.Host != "" && to.Host != address {
			if leader, err := master(to.Host); err == nil {
				return &redirect{to: leader}
			}
		}
	}
	if call == subscribeCall && foreign(resp.StatusCode, string(text)) {
		return notMaster(address, fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
	}
	return &StatusError{Call: call, Code: resp.StatusCode, Text: strings.TrimSpace(string(text))}
}
