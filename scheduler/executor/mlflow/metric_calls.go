package mlflow

func (t *Tracking) logMetric(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	return nothing{}, t.addMetrics(found, metricGiven{r.Key, r.Value, r.Timestamp, r.Step})
}

func (t *Tracking) logBatch(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	// As in MLflow nothing of a batch counts whose metrics cannot be read.
	if bad := check(r.Metrics); bad != nil {
		return nil, bad
	}
	if bad := t.addParams(found, r.Params...); bad != nil {
		return nil, bad
	}
	if bad := t.tag(found, r.Tags...); bad != nil {
		return nil, bad
	}
	return nothing{}, t.addMetrics(found, r.Metrics...)
}

// addMetrics takes metrics in, and hands them on as points: those of one step that come together are one.
func (t *Tracking) addMetrics(found *run, all ...metricGiven) *problem {
	if bad := check(all); bad != nil {
		return bad
	}
	var l line
	emitted := false
	flush := func() {
		if l.names > 0 {
			emitted = true
			t.Emit(append(l.text, '}'))
		}
		l = line{}
	}
	for _, m := range all {
		x, _ := number(m.Value)
		v := value{m.Key, float(x), int64(m.Timestamp), int64(m.Step)}
		if t.seen.again(found.info.ID, v) {
			continue
		}
		s := found.metrics[m.Key]
		if s == nil {
			if len(found.metrics) == maxMetrics || !t.keep(2*len(m.Key)+2*place) {
				flush()
				return full()
			}
			s = &series{}
			found.metrics[m.Key], found.names = s, append(found.names, m.Key)
		}
		step := s.step(v)
		if t.values >= maxValues || len(s.values) == maxHistory {
			t.values, s.values = t.values-len(s.values), nil
		}
		t.values++
		s.add(v)
		name := found.prefix + m.Key
		switch {
		case found.passed:
			if !t.told {
				t.told = true
				t.Passed(name)
			}
			continue
		case reserved[name]:
			continue
		case l.names > 0 && (l.step != step || l.has(name) || len(l.text) > maxLine || l.names == maxInLine):
			flush()
		}
		l.add(step, name, x)
	}
	if flush(); emitted {
		t.Sent()
	}
	return nil
}

func (t *Tracking) history(r *request, _ string) (any, *problem) {
	found, bad := t.runOf(r)
	if bad != nil {
		return nil, bad
	}
	values := []value{}
	if s := found.metrics[r.MetricKey]; s != nil {
		values = s.values
	}
	return map[string]any{"metrics": values}, nil
}
