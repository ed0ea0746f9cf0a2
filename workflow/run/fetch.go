package run

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/workflow/expression"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// mostFetched bounds the files that one step is given.
const mostFetched = 1000

// fetched are the files that are brought under a name, of a workflow's folder. Of a list each item is, to NAME/0,
// NAME/1 and so on.
func fetched(to []steps.Fetch, results, folder, name string, v any) ([]steps.Fetch, error) {
	list, isList := v.([]any)
	if !isList {
		at, err := address(results, folder, v)
		return append(to, steps.Fetch{URL: at, To: name}), err
	}
	if len(to)+len(list) > mostFetched {
		return nil, fmt.Errorf("there are more than %d files", mostFetched)
	}
	for i, item := range list {
		at, err := address(results, folder, item)
		if err != nil {
			return nil, err
		}
		to = append(to, steps.Fetch{URL: at, To: fmt.Sprintf("%s/%d", name, i)})
	}
	return to, nil
}

// address is where a file is fetched from: of an artifact its place in the results.
func address(results, folder string, v any) (string, error) {
	text, ok := v.(string)
	if !ok || text == "" {
		return "", fmt.Errorf("an artifact of a step or an address is needed, not %.60s", expression.Short(v))
	}
	place, isArtifact := steps.ArtifactOf(text)
	switch {
	case strings.Contains(text, "://") || !isArtifact:
		return text, nil
	case results == "":
		return "", fmt.Errorf("this process does not know where results lie")
	case strings.HasPrefix(results, "s3://"):
		in, options, has := strings.Cut(results, "?")
		if in = strings.TrimRight(in, "/") + "/" + place; has {
			in += "?" + options
		}
		return in, nil
	}
	relative, err := filepath.Rel(folder, filepath.Join(results, filepath.FromSlash(place)))
	return filepath.ToSlash(relative), err
}
