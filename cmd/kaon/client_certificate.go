package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Variables that name the certificate and key shown to servers.
const (
	certVariable = "KAON_CLIENT_CERT"
	keyVariable  = "KAON_CLIENT_KEY"
)

// certificatesFile, among this user's settings, says where the certificates lie that `kaon login` was given.
const certificatesFile = "certificates.json"

// certificateFiles are where a certificate and its key lie: they are read each time, as those that end soon are made
// anew.
type certificateFiles struct {
	Cert string `json:"cert"`
	Key  string `json:"key"`
}

// newCertificateFiles are found from whichever folder later commands run in.
func newCertificateFiles(cert, key string) (c certificateFiles, err error) {
	if cert == "" || key == "" {
		return c, errors.New("--client-cert and --client-key go together")
	}
	if c.Cert, err = filepath.Abs(cert); err == nil {
		c.Key, err = filepath.Abs(key)
	}
	return c, err
}

func (c certificateFiles) load() (tls.Certificate, error) {
	if info, err := os.Stat(c.Key); err == nil && info.Mode().Perm()&0o007 != 0 {
		return tls.Certificate{}, fmt.Errorf("anybody on this machine can read or write the key %s: chmod 600 %s",
			c.Key, c.Key)
	}
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return pair, fmt.Errorf("client certificate %s with key %s: %w", c.Cert, c.Key, err)
	}
	return pair, nil
}

// certificateFor is what is shown to a server: of the variables, or what `kaon login` was given. None: nothing.
func certificateFor(address string) ([]tls.Certificate, error) {
	if !strings.HasPrefix(address, "https:") {
		return nil, nil
	}
	files := certificateFiles{os.Getenv(certVariable), os.Getenv(keyVariable)}
	switch {
	case files == certificateFiles{}:
		known, _, err := kept[certificateFiles](certificatesFile)
		if err != nil {
			return nil, err
		}
		if files = known[address]; files.Cert == "" {
			return nil, nil
		}
	case files.Cert == "" || files.Key == "":
		return nil, fmt.Errorf("%s and %s go together", certVariable, keyVariable)
	}
	pair, err := files.load()
	if err != nil {
		return nil, err
	}
	return []tls.Certificate{pair}, nil
}
