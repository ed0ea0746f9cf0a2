package run

import "testing"

// An artifact has its name as it is in S3, and the options of the results behind it.
func TestAddressesOfArtifacts(t *testing.T) {
	const artifact = "sweeps/a/artifacts/0/1/made #1 50%?.txt"
	for results, want := range map[string]string{
		"s3://b": "s3://b/" + artifact, "s3://b/a%20b/": "s3://b/a%20b/" + artifact,
		"s3://b/p?endpoint=http://minio:9000": "s3://b/p/" + artifact + "?endpoint=http://minio:9000",
		"/f/kaon-results":                     "kaon-results/" + artifact,
	} {
		if got, err := address(results, "/f", artifact); err != nil || got != want {
			t.Errorf("%s: %s, %v", results, got, err)
		}
	}
}

// A place that was put together with a slash too many is the same place; one that leads elsewhere is none.
func TestAddressesWithDoubledSlashes(t *testing.T) {
	const artifact = "sweeps/a/artifacts/0/1/d/x"
	for text, want := range map[string]string{
		"sweeps/a/artifacts/0/1//d///x": "s3://b/" + artifact, "sweeps//a/artifacts/0/1/d/x": "s3://b/" + artifact,
		"sweeps/a/artifacts/0/1//../../x": "sweeps/a/artifacts/0/1//../../x", "https://host//x": "https://host//x",
	} {
		if got, err := address("s3://b", "/f", text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}
