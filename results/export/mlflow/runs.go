package mlflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// run is a run that is there.
type run struct {
	id      string
	attempt int
	next    uint64 // number of the point that is written next
	state   string // that was written
}

// written is the runs of a sweep that are there.
type written struct {
	parent *run
	trials map[int]*run
}

// experiment is the id of the experiment of a name, which is made when there is none.
func (c *Client) experiment(ctx context.Context, called string) (string, error) {
	var got struct {
		Experiment struct {
			ID    string `json:"experiment_id"`
			Stage string `json:"lifecycle_stage"`
		} `json:"experiment"`
	}
	err := c.get(ctx, "experiments/get-by-name", url.Values{"experiment_name": {called}}, &got)
	if no := (*refusal)(nil); errors.As(err, &no) && no.Status == http.StatusNotFound &&
		no.Code == "RESOURCE_DOES_NOT_EXIST" {
		var made struct {
			ID string `json:"experiment_id"`
		}
		err := c.post(ctx, "experiments/create", map[string]string{"name": called}, &made)
		return made.ID, err
	}
	if err == nil && got.Experiment.Stage == "deleted" {
		err = fmt.Errorf("MLflow's experiment %q is deleted: restore it with `mlflow experiments restore "+
			"--experiment-id %s`, or "+
			"have MLflow forget it with `mlflow gc`", called, got.Experiment.ID)
	}
	if err == nil && got.Experiment.ID == "" {
		err = fmt.Errorf("MLflow named no id for the experiment %q", called)
	}
	return got.Experiment.ID, err
}

// find is the runs of a sweep in an experiment. Of two of one trial the first that is answered counts.
func (c *Client) find(ctx context.Context, experiment, sweep string) (w written, err error) {
	w.trials = map[int]*run{}
	for token := ""; ; {
		var page struct {
			Runs []struct {
				Info struct {
					ID string `json:"run_id"`
				} `json:"info"`
				Data struct {
					Tags []pair `json:"tags"`
				} `json:"data"`
			} `json:"runs"`
			Next string `json:"next_page_token"`
		}
		ask := map[string]any{"experiment_ids": []string{experiment}, "max_results": 1000,
			"filter": fmt.Sprintf("tags.`%s` = '%s'", tagSweep, strings.ReplaceAll(sweep, "'", ""))}
		if token != "" {
			ask["page_token"] = token
		}
		if err := c.post(ctx, "runs/search", ask, &page); err != nil {
			return w, err
		}
		for _, one := range page.Runs {
			tags := map[string]string{}
			for _, tag := range one.Data.Tags {
				tags[tag.Key] = tag.Value
			}
			if tags[tagSweep] != sweep {
				continue
			}
			r := &run{id: one.Info.ID, state: tags[tagState]}
			r.attempt, _ = strconv.Atoi(tags[tagAttempt])
			r.next, _ = strconv.ParseUint(tags[tagPoints], 10, 64)
			switch trial, err := strconv.Atoi(tags[tagTrial]); {
			case tags[tagTrial] == "" && w.parent == nil:
				w.parent = r
			case tags[tagTrial] != "" && err == nil && w.trials[trial] == nil:
				w.trials[trial] = r
			}
		}
		if page.Next == "" || page.Next == token {
			return w, nil
		}
		token = page.Next
	}
}

// create makes a run.
func (c *Client) create(ctx context.Context, experiment, called string, start int64, tags []pair) (string, error) {
	var made struct {
		Run struct {
			Info struct {
				ID string `json:"run_id"`
			} `json:"info"`
		} `json:"run"`
	}
	ask := map[string]any{"experiment_id": experiment, "run_name": called, "tags": append(tags, pair{tagName, called})}
	if start > 0 {
		ask["start_time"] = start
	}
	err := c.post(ctx, "runs/create", ask, &made)
	if err == nil && made.Run.Info.ID == "" {
		err = fmt.Errorf("MLflow named no id for the run %q", called)
	}
	return made.Run.Info.ID, err
}

// log is one log-batch, within its bounds.
func (c *Client) log(ctx context.Context, id string, metrics []metric, params, tags []pair) error {
	ask := map[string]any{"run_id": id}
	if len(metrics) > 0 {
		ask["metrics"] = metrics
	}
	if len(params) > 0 {
		ask["params"] = params
	}
	if len(tags) > 0 {
		ask["tags"] = tags
	}
	return c.post(ctx, "runs/log-batch", ask, nil)
}

// end says how a run ended, and when.
func (c *Client) end(ctx context.Context, id, status string, millis int64) error {
	ask := map[string]any{"run_id": id, "status": status}
	if millis > 0 {
		ask["end_time"] = millis
	}
	return c.post(ctx, "runs/update", ask, nil)
}

// remove puts a run into MLflow's trash.
func (c *Client) remove(ctx context.Context, id string) error {
	return c.post(ctx, "runs/delete", map[string]string{"run_id": id}, nil)
}
