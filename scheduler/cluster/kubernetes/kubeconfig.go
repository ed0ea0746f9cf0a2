package kubernetes

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
)

// Account is an API server and who asks it.
type Account struct {
	Server     string // https://host:port
	Context    string // of the kubeconfig; empty: the account of the pod that this process runs in
	Namespace  string
	ServerName string // in its certificate; empty: as in Server
	CA         []byte // PEM; nil: the system's
	Insecure   bool
	Cert, Key  []byte // PEM of the client's certificate; nil: none
	Proxy      string
	User       string // basic authentication; empty: none
	Password   string

	as        http.Header // whom it asks for; nil: itself
	token     string
	tokenFile string // read again when it has aged: such tokens are renewed
	exec      *execPlugin

	clusterInfo any // what a program that gives credentials may know of the cluster

	mu struct {
		sync.Mutex
		token string
		pair  *tls.Certificate // that a program gave; nil: none
		until time.Time
		turn  []func() // told of another pair: connections are as who opened them
	}
}

type kubeconfig struct {
	CurrentContext string `yaml:"current-context"`
	Contexts       []struct {
		Name    string
		Context struct{ Cluster, User, Namespace string }
	}
	Clusters []struct {
		Name    string
		Cluster struct {
			Server   string
			CA       string `yaml:"certificate-authority"`
			CAData   string `yaml:"certificate-authority-data"`
			Insecure bool   `yaml:"insecure-skip-tls-verify"`
			Name     string `yaml:"tls-server-name"`
			Proxy    string `yaml:"proxy-url"`

			Extensions []struct {
				Name      string
				Extension any
			}
		}
	}
	Users []struct {
		Name string
		User struct {
			Cert      string `yaml:"client-certificate"`
			CertData  string `yaml:"client-certificate-data"`
			Key       string `yaml:"client-key"`
			KeyData   string `yaml:"client-key-data"`
			Token     string
			TokenFile string `yaml:"tokenFile"`
			Username  string
			Password  string
			Exec      *execPlugin
			Provider  map[string]any `yaml:"auth-provider"`

			As       string              `yaml:"as"`
			AsUID    string              `yaml:"as-uid"`
			AsGroups []string            `yaml:"as-groups"`
			AsExtra  map[string][]string `yaml:"as-user-extra"`
		}
	}
}

// execPlugin is a program that gives credentials.
type execPlugin struct {
	APIVersion string `yaml:"apiVersion"`
	Command    string
	Args       []string
	Env        []struct{ Name, Value string }
	Provide    bool   `yaml:"provideClusterInfo"`
	Hint       string `yaml:"installHint"`
	folder     string
}

const (
	accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"
	configMax     = 4 << 20
)

// FindAccount is that of a context of the kubeconfig; of an empty one, the current context, or the account of the pod
// that this process runs in when there is no kubeconfig. file is the kubeconfig's; empty: as kubectl finds it.
func FindAccount(file, context string) (*Account, error) {
	files := filepath.SplitList(cmp.Or(file, os.Getenv("KUBECONFIG")))
	named := len(files) > 0
	if !named {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("find the kubeconfig: %w", err)
		}
		files = []string{filepath.Join(home, ".kube", "config")}
	}
	var all kubeconfig
	found := false
	for _, name := range files {
		one, err := readKubeconfig(name)
		if errors.Is(err, fs.ErrNotExist) && (!named || len(files) > 1) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the kubeconfig: %w", err)
		}
		found = true
		all.CurrentContext = cmp.Or(all.CurrentContext, one.CurrentContext) // the first that says something counts
		all.Contexts = append(all.Contexts, one.Contexts...)
		all.Clusters = append(all.Clusters, one.Clusters...)
		all.Users = append(all.Users, one.Users...)
	}
	if !found {
		if host := os.Getenv("KUBERNETES_SERVICE_HOST"); host != "" && context == "" {
			return podAccount(host, os.Getenv("KUBERNETES_SERVICE_PORT"), accountFolder)
		}
		return nil, fmt.Errorf("there is no kubeconfig at %s, and this is no pod: log in to the cluster, or name "+
			"one with KUBECONFIG",
			strings.Join(files, ", "))
	}
	return all.account(cmp.Or(context, all.CurrentContext))
}

// readKubeconfig reads one file; the paths in it are relative to its folder.
func readKubeconfig(name string) (kubeconfig, error) {
	var c kubeconfig
	info, err := os.Stat(name)
	if err != nil {
		return c, err
	}
	if info.Size() > configMax {
		return c, fmt.Errorf("%s has %d bytes, which no kubeconfig has", name, info.Size())
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return c, err
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	folder, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return c, err
	}
	absolute := func(path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(folder, *path)
		}
	}
	for i := range c.Clusters {
		absolute(&c.Clusters[i].Cluster.CA)
	}
	for i := range c.Users {
		u := &c.Users[i].User
		absolute(&u.Cert)
		absolute(&u.Key)
		absolute(&u.TokenFile)
		if u.Exec != nil {
			u.Exec.folder = folder
		}
	}
	return c, nil
}

func (c *kubeconfig) account(context string) (*Account, error) {
	var names []string
	for _, x := range c.Contexts {
		names = append(names, x.Name)
		if x.Name != context {
			continue
		}
		a := &Account{Context: context, Namespace: cmp.Or(x.Context.Namespace, "default")}
		if err := c.cluster(a, x.Context.Cluster); err != nil {
			return nil, fmt.Errorf("read context %q of the kubeconfig: %w", context, err)
		}
		if err := c.user(a, x.Context.User); err != nil {
			return nil, fmt.Errorf("read user %q of the kubeconfig: %w", x.Context.User, err)
		}
		return a, nil
	}
	if context == "" {
		return nil, fmt.Errorf("the kubeconfig has no current context: name one of its own with --context: %s",
			strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("the kubeconfig has no context %q: it has %s", context, strings.Join(names, ", "))
}

func (c *kubeconfig) cluster(a *Account, name string) error {
	for _, x := range c.Clusters {
		if x.Name != name {
			continue
		}
		var err error
		a.Server, a.Insecure, a.ServerName, a.Proxy = strings.TrimRight(x.Cluster.Server, "/"), x.Cluster.Insecure,
			x.Cluster.Name, x.Cluster.Proxy
		a.CA, err = dataOrFile(x.Cluster.CAData, x.Cluster.CA)
		info := map[string]any{"server": x.Cluster.Server}
		for name, value := range map[string]string{"tls-server-name": a.ServerName, "proxy-url": a.Proxy,
			"certificate-authority-data": base64.StdEncoding.EncodeToString(a.CA)} {
			if value != "" {
				info[name] = value
			}
		}
		if a.Insecure {
			info["insecure-skip-tls-verify"] = true
		}
		for _, e := range x.Cluster.Extensions {
			if e.Name == "client.authentication.k8s.io/exec" {
				info["config"] = e.Extension
			}
		}
		a.clusterInfo = info
		return err
	}
	return fmt.Errorf("there is no cluster %q in it", name)
}

func (c *kubeconfig) user(a *Account, name string) error {
	if name == "" {
		return nil
	}
	for _, x := range c.Users {
		if x.Name != name {
			continue
		}
		u := &x.User
		if u.Provider != nil {
			return errors.New("auth-provider is no longer known to Kubernetes either: have your provider's tool " +
				"write an exec plugin")
		}
		var errs [2]error
		a.Cert, errs[0] = dataOrFile(u.CertData, u.Cert)
		a.Key, errs[1] = dataOrFile(u.KeyData, u.Key)
		a.token, a.tokenFile, a.User, a.Password, a.exec = u.Token, u.TokenFile, u.Username, u.Password, u.Exec
		if u.As == "" && (u.AsUID != "" || len(u.AsGroups) > 0 || len(u.AsExtra) > 0) {
			return errors.New("it has as-groups, as-uid or as-user-extra and no `as`: Kubernetes has " +
				"groups of a user " +
				"alone")
		}
		if u.As != "" {
			a.as = impersonation(u.As, u.AsUID, u.AsGroups, u.AsExtra)
		}
		return errors.Join(errs[:]...)
	}
	return errors.New("there is none of that name in it")
}

// impersonation is what has an API server take a request for another's.
func impersonation(user, uid string, groups []string, extra map[string][]string) http.Header {
	h := http.Header{"Impersonate-User": {user}}
	if uid != "" {
		h.Set("Impersonate-Uid", uid)
	}
	if len(groups) > 0 {
		h["Impersonate-Group"] = groups
	}
	for key, values := range extra {
		h[http.CanonicalHeaderKey("Impersonate-Extra-"+url.PathEscape(strings.ToLower(key)))] = values
	}
	return h
}

func dataOrFile(data, file string) ([]byte, error) {
	if data != "" {
		return base64.StdEncoding.DecodeString(data)
	}
	if file != "" {
		return os.ReadFile(file)
	}
	return nil, nil
}

// podAccount is the service account of the pod that this process runs in.
func podAccount(host, port, folder string) (*Account, error) {
	ca, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("read this pod's service account: %w: the pod needs automountServiceAccountToken", err)
	}
	namespace, err := os.ReadFile(filepath.Join(folder, "namespace"))
	if err != nil {
		return nil, fmt.Errorf("read this pod's service account: %w", err)
	}
	return &Account{
		Server: "https://" + net.JoinHostPort(host, cmp.Or(port, "443")), CA: ca,
		Namespace: strings.TrimSpace(string(namespace)),
		tokenFile: filepath.Join(folder, "token"),
	}, nil
}

const (
	tokenAge   = time.Minute // kubelets renew a file's token long before it ends
	pluginWait = time.Minute
)

// bearer is the token of the moment; empty: there is none. fresh asks for another than the one that was refused.
func (a *Account) bearer(ctx context.Context, fresh bool) (string, error) {
	if a.tokenFile == "" && a.exec == nil {
		return a.token, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !fresh && time.Now().Before(a.mu.until) {
		return a.mu.token, nil
	}
	if a.exec != nil {
		return a.plugin(ctx)
	}
	text, err := os.ReadFile(a.tokenFile)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	a.mu.token, a.mu.until = strings.TrimSpace(string(text)), time.Now().Add(tokenAge)
	return a.mu.token, nil
}

// plugin runs the program that gives credentials. The lock is held.
func (a *Account) plugin(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, pluginWait)
	defer cancel()
	name := a.exec.Command
	if strings.ContainsRune(name, filepath.Separator) && !filepath.IsAbs(name) {
		name = filepath.Join(a.exec.folder, name)
	}
	version := cmp.Or(a.exec.APIVersion, "client.authentication.k8s.io/v1")
	spec := map[string]any{"interactive": false}
	if a.exec.Provide {
		spec["cluster"] = a.clusterInfo
	}
	info, err := json.Marshal(map[string]any{"apiVersion": version, "kind": "ExecCredential", "spec": spec})
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, name, a.exec.Args...)
	cmd.Env = append(os.Environ(), "KUBERNETES_EXEC_INFO="+string(info))
	for _, e := range a.exec.Env {
		cmd.Env = append(cmd.Env, e.Name+"="+e.Value)
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("get credentials by %s, which the kubeconfig names: %w %s", a.exec.Command,
			err, a.exec.Hint)
	}
	var said struct {
		Status struct {
			Token   string
			Expires time.Time `json:"expirationTimestamp"`
			Cert    string    `json:"clientCertificateData"`
			Key     string    `json:"clientKeyData"`
		}
	}
	if err := json.Unmarshal(out, &said); err != nil {
		return "", fmt.Errorf("get credentials by %s: %w", a.exec.Command, err)
	}
	if said.Status.Token == "" && said.Status.Cert == "" {
		return "", fmt.Errorf("get credentials by %s: it gave no token and no certificate", a.exec.Command)
	}
	var pair *tls.Certificate
	if said.Status.Cert != "" {
		got, err := tls.X509KeyPair([]byte(said.Status.Cert), []byte(said.Status.Key))
		if err != nil {
			return "", fmt.Errorf("get credentials by %s: read the certificate that it gave: %w", a.exec.Command, err)
		}
		pair = &got
	}
	was := a.mu.pair
	a.mu.token, a.mu.pair, a.mu.until = said.Status.Token, pair, time.Now().Add(time.Hour)
	if e := said.Status.Expires; !e.IsZero() {
		a.mu.until = e.Add(-time.Minute)
	}
	if was != nil && (pair == nil || !slices.EqualFunc(was.Certificate, pair.Certificate, bytes.Equal)) {
		for _, turn := range a.mu.turn {
			turn()
		}
	}
	return a.mu.token, nil
}

// certificate is the client's of the moment, for a connection that is opened; an empty one: there is none.
func (a *Account) certificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.pair == nil {
		return &tls.Certificate{}, nil
	}
	return a.mu.pair, nil
}
