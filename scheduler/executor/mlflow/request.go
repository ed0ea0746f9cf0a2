package mlflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
)

// request is what any of the calls may say. MLflow's names of fields mean the same in all of them.
type request struct {
	RunID            string          `json:"run_id"`
	RunUUID          string          `json:"run_uuid"` // what version 1 calls it
	RunName          string          `json:"run_name"`
	ExperimentID     string          `json:"experiment_id"`
	ExperimentName   string          `json:"experiment_name"`
	ExperimentIDs    []string        `json:"experiment_ids"`
	Name             string          `json:"name"`
	NewName          string          `json:"new_name"`
	ArtifactLocation string          `json:"artifact_location"`
	UserID           string          `json:"user_id"`
	StartTime        whole           `json:"start_time"`
	EndTime          whole           `json:"end_time"`
	Status           json.RawMessage `json:"status"`
	Key              string          `json:"key"`
	Value            json.RawMessage `json:"value"`
	Timestamp        whole           `json:"timestamp"`
	Step             whole           `json:"step"`
	Metrics          []metricGiven   `json:"metrics"`
	Params           []pair          `json:"params"`
	Tags             []pair          `json:"tags"`
	MetricKey        string          `json:"metric_key"`
	Filter           string          `json:"filter"`
	OrderBy          json.RawMessage `json:"order_by"` // texts; of logged models objects
	MaxResults       whole           `json:"max_results"`
	PageToken        string          `json:"page_token"`
	ViewType         string          `json:"view_type"`
	RunViewType      string          `json:"run_view_type"`
	Datasets         json.RawMessage `json:"datasets"`
	Models           json.RawMessage `json:"models"`
	ModelJSON        string          `json:"model_json"`
	ModelType        string          `json:"model_type"`
	SourceRunID      string          `json:"source_run_id"`
	Source           string          `json:"source"`
	Description      string          `json:"description"`
	Version          text            `json:"version"`
	Alias            string          `json:"alias"`
	Stage            string          `json:"stage"`
}

// metricGiven is a metric as a client gives it.
type metricGiven struct {
	Key       string          `json:"key"`
	Value     json.RawMessage `json:"value"`
	Timestamp whole           `json:"timestamp"`
	Step      whole           `json:"step"`
}

// read reads a request, from its body, or from the query of a GET.
func read(query url.Values, body []byte) (*request, *problem) {
	r := &request{}
	if body = bytes.TrimSpace(body); len(body) > 0 {
		if err := json.Unmarshal(body, r); err != nil {
			return nil, invalid("read the request: %v", err)
		}
	}
	for name, field := range map[string]*string{
		"run_id": &r.RunID, "run_uuid": &r.RunUUID, "experiment_id": &r.ExperimentID,
		"experiment_name": &r.ExperimentName,
		"metric_key":      &r.MetricKey, "filter": &r.Filter, "name": &r.Name, "alias": &r.Alias,
		"page_token": &r.PageToken,
		"view_type":  &r.ViewType, "version": (*string)(&r.Version), "key": &r.Key,
	} {
		if query.Has(name) {
			*field = query.Get(name)
		}
	}
	if query.Has("max_results") {
		n, err := strconv.ParseInt(query.Get("max_results"), 10, 64)
		if err != nil {
			return nil, invalid("max_results: want a number, not %.100q", query.Get("max_results"))
		}
		r.MaxResults = whole(n)
	}
	if r.RunID == "" {
		r.RunID = r.RunUUID
	}
	return r, nil
}

// whole is an integer of 64 bits, which the notation of protocol buffers may write as a text.
type whole int64

// UnmarshalJSON implements json.Unmarshaler.
func (w *whole) UnmarshalJSON(data []byte) error {
	s := strings.Trim(string(data), `"`)
	if s == "null" || s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(s, 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
			return fmt.Errorf("want a whole number, not %.100s", data)
		}
		n = int64(f)
	}
	*w = whole(n)
	return nil
}

// text is a text that may be written as a number.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = text(s)
		return nil
	}
	*t = text(data)
	return nil
}

// number reads a metric's value: a number, or a text as protocol buffers write what JSON has no number for.
func number(data json.RawMessage) (float64, *problem) {
	s := strings.TrimSpace(string(data))
	var quoted string
	if json.Unmarshal(data, &quoted) == nil {
		s = quoted
	}
	switch s {
	case "true", "false": // booleans are numbers in Python, but not in JSON
		return map[string]float64{"true": 1}[s], nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) || s == "" {
		return 0, invalid("a metric's value must be a number, not %.100s", data)
	}
	return f, nil
}

// texts reads a list of texts; of another shape, or none, it is empty.
func texts(data json.RawMessage) (all []string) {
	_ = json.Unmarshal(data, &all)
	return all
}

// textOf is a value that is a text, or else as it is written.
func textOf(data json.RawMessage) string {
	var s text
	if len(data) > 0 {
		_ = s.UnmarshalJSON(data)
	}
	return string(s)
}
