package sweep

import "testing"

// Keys of S3 are written as they are; what else there may be behind them is options.
func TestAddressesOfInputs(t *testing.T) {
	for address, want := range map[string]struct{ host, path, options, name string }{
		"s3://b/set/a.csv":                                  {"b", "/set/a.csv", "", "a.csv"},
		"s3://b/runs/#1 100%?.tar.gz":                       {"b", "/runs/#1 100%?.tar.gz", "", "#1 100%?.tar.gz"},
		"s3://b/a%20b/x?endpoint=http://minio:9000/":        {"b", "/a%20b/x", "endpoint=http://minio:9000/", "x"},
		"S3://b/what?/x?region=eu-west-1&endpoint=http://m": {"b", "/what?/x", "region=eu-west-1&endpoint=http://m", "x"},
		"s3://b/plots/curve?lr=0.1.png":                     {"b", "/plots/curve?lr=0.1.png", "", "curve?lr=0.1.png"},
		"s3://b/curve?lr=0.1.png?region=eu-west-1":          {"b", "/curve?lr=0.1.png", "region=eu-west-1", "curve?lr=0.1.png"},
		"https://h/a%20b.tar?x=1#y":                         {"h", "/a b.tar", "x=1", "a b.tar"},
		"data/100%.csv":                                     {"", "data/100%.csv", "", "100%.csv"},
	} {
		f := Fetch{URL: address}
		u, err := f.Address()
		if err != nil || u.Host != want.host || u.Path != want.path || u.RawQuery != want.options || f.Name() != want.name {
			t.Errorf("%s: %+v, %v, named %s", address, u, err, f.Name())
		}
	}
}
