package steps

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"
)

// text is a key that is a text; absent: "".
func (c *Call) text(key string) (string, error) {
	switch v := c.Keys[key].(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool, int, int64, float64:
		return fmt.Sprint(v), nil
	default:
		return "", wrong("%s: a text is needed, not %s", key, short(v))
	}
}

// texts is a key that is a list of texts, or one; absent: none.
func (c *Call) texts(key string) (all []string, err error) {
	switch v := c.Keys[key].(type) {
	case nil:
		return nil, nil
	case []any:
		for _, one := range v {
			switch one.(type) {
			case string, bool, int, int64, float64:
				all = append(all, fmt.Sprint(one))
			default:
				return nil, wrong("%s: texts are needed, not %s", key, short(one))
			}
		}
		return all, nil
	}
	one, err := c.text(key)
	return []string{one}, err
}

// mapping is a key that is a mapping; absent: nil.
func (c *Call) mapping(key string) (map[string]any, error) {
	switch v := c.Keys[key].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return v, nil
	default:
		return nil, wrong("%s: a mapping is needed, not %s", key, short(v))
	}
}

// duration is a key that is a number of seconds or a text such as 1m30s; absent: fallback.
func (c *Call) duration(key string, fallback time.Duration) (time.Duration, error) {
	seconds := func(f float64) (time.Duration, error) {
		if f < 0 || f > 10*365*24*3600 {
			return 0, wrong("%s: %v seconds are not from 0 to ten years", key, f)
		}
		return time.Duration(f * float64(time.Second)), nil
	}
	switch v := c.Keys[key].(type) {
	case nil:
		return fallback, nil
	case int:
		return seconds(float64(v))
	case int64:
		return seconds(float64(v))
	case float64:
		return seconds(v)
	case string:
		if d, err := time.ParseDuration(v); err == nil && d >= 0 {
			return d, nil
		}
		var f float64
		if _, err := fmt.Sscan(v, &f); err == nil && fmt.Sprint(f) == v {
			return seconds(f)
		}
	}
	return 0, wrong("%s: a duration is needed, as 90s, 2h30m or a number of seconds, not %s", key, short(c.Keys[key]))
}

// path is a file's name, absolute: relative ones are of the workflow's folder.
func (c *Call) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.File), name)
}

// needed refuses an empty key.
func needed(key, value string) error {
	if value == "" {
		return wrong("%s: it is empty, and must not be", key)
	}
	return nil
}

// plain is a value as JSON.
func plain(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

func short(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%.60v", v)
	}
	return fmt.Sprintf("%.60s", data)
}
