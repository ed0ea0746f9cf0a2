package s3

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"gopkg.in/ini.v1"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// config is where a bucket is and how to get in.
type config struct {
	bucket   string
	prefix   string // of all names, empty or ending in a slash
	endpoint string // host:port
	secure   bool
	own      bool // the endpoint was given, so it is not AWS
	region   string
	creds    *credentials.Credentials
	caBundle string // file
}

// maxPrefix leaves bucket.CheckName's 900 bytes within S3's 1,024.
const maxPrefix = 120

// configure reads an s3:// URL and the environment.
func configure(address string) (config, error) {
	place, options, _ := strings.Cut(address, "?")
	u, err := url.Parse(strings.NewReplacer("%", "%25", "#", "%23").Replace(place)) // keys may have either, as they are
	if err == nil {
		u.RawQuery = options
	}
	if err != nil || u.Scheme != "s3" || u.Host == "" {
		return config{}, fmt.Errorf("open %q: want s3://bucket/prefix", address)
	}
	if u.User != nil {
		return config{}, fmt.Errorf("open s3://%s: credentials do not belong in the address, set AWS_ACCESS_KEY_ID "+
			"and AWS_SECRET_ACCESS_KEY", u.Host)
	}
	for key := range u.Query() {
		if key != "endpoint" && key != "region" {
			return config{}, fmt.Errorf("open %q: unknown option %q, there are endpoint and region", address, key)
		}
	}
	c := config{bucket: u.Host, caBundle: os.Getenv("AWS_CA_BUNDLE")}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		if err := bucket.CheckName(prefix); err != nil || len(prefix) > maxPrefix {
			return config{}, fmt.Errorf("open %q: prefix is not usable, at most %d bytes: %w", address, maxPrefix, err)
		}
		c.prefix = prefix + "/"
	}
	profile := readProfile()
	c.region = cmp.Or(u.Query().Get("region"), os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), profile.region)
	endpoint := cmp.Or(u.Query().Get("endpoint"), os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"),
		profile.endpoint)
	if err := c.setEndpoint(endpoint); err != nil {
		return config{}, fmt.Errorf("open %q: %w", address, err)
	}
	return c, c.setCredentials()
}

func (c *config) setEndpoint(endpoint string) error {
	if endpoint == "" {
		c.endpoint, c.secure = "s3.amazonaws.com", true
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("endpoint %q: want http://host:port or https://host:port", endpoint)
	}
	c.endpoint, c.secure, c.own = u.Host, u.Scheme == "https", true
	if c.region == "" {
		c.region = "us-east-1" // what stores that have no regions go by
	}
	return nil
}

// setCredentials finds credentials. Only AWS's own endpoint is worth asking the machine for its role:
// elsewhere the question takes seconds to go unanswered.
func (c *config) setCredentials() error {
	chain := []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
	if !c.own || os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "" ||
		os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" {
		chain = append(chain, &credentials.IAM{})
	}
	c.creds = credentials.NewChainCredentials(chain)
	v, err := c.creds.GetWithContext(&credentials.CredContext{Client: http.DefaultClient, Endpoint: c.url()})
	if err != nil || v.AccessKeyID == "" || v.SecretAccessKey == "" {
		return fmt.Errorf("open s3://%s: %w: no credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "+
			"or AWS_PROFILE", c.bucket, errors.Join(bucket.ErrDenied, err))
	}
	return nil
}

// url is the endpoint's address.
func (c *config) url() string {
	if c.secure {
		return "https://" + c.endpoint
	}
	return "http://" + c.endpoint
}

// transport trusts the authorities of AWS_CA_BUNDLE besides the system's.
func (c *config) transport() (http.RoundTripper, error) {
	t, err := minio.DefaultTransport(c.secure)
	if err != nil || c.caBundle == "" {
		return t, err
	}
	pem, err := os.ReadFile(c.caBundle)
	if err != nil {
		return nil, fmt.Errorf("read AWS_CA_BUNDLE: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read AWS_CA_BUNDLE: %s holds no certificate", c.caBundle)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// profile is what kaon takes from the AWS configuration file.
type profile struct{ region, endpoint string }

// readProfile reads the profile AWS_PROFILE; what is missing or unreadable there is empty.
func readProfile() profile {
	file := os.Getenv("AWS_CONFIG_FILE")
	if file == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return profile{}
		}
		file = filepath.Join(home, ".aws", "config")
	}
	config, err := ini.Load(file)
	if err != nil {
		return profile{}
	}
	section := "default"
	if name := os.Getenv("AWS_PROFILE"); name != "" && name != "default" {
		section = "profile " + name
	}
	s := config.Section(section)
	return profile{s.Key("region").String(), s.Key("endpoint_url").String()}
}
