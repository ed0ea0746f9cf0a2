package kubernetestest

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// elsewhere asks the kubelet of a node that somebody has created, instead of AddNode, at the address in the node's status; false: it is none.
func (c *Cluster) elsewhere(w http.ResponseWriter, r *http.Request, q Request) bool {
	pod, ok := c.store.get(key{kindNamed("pods"), q.Namespace, q.Name})
	if !ok || c.Kubelet(pod.Text("spec", "nodeName")) != nil {
		return false
	}
	node, ok := c.store.get(key{kindNamed("nodes"), "", pod.Text("spec", "nodeName")})
	addresses, port := items(node.Get("status", "addresses")), node.Get("status", "daemonEndpoints", "kubeletEndpoint", "Port")
	if !ok || len(addresses) == 0 || port == nil {
		return false
	}
	container := r.URL.Query().Get("container")
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // as API servers do that were given no authority of kubelets
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL = &url.URL{Scheme: "https", Host: fmt.Sprintf("%s:%v", text(addresses[0], "address"), port),
				Path: "/" + strings.Join([]string{q.Subresource, q.Namespace, q.Name, container}, "/"), RawQuery: r.URL.RawQuery}
			p.Out.Header.Del("Authorization")
		},
	}
	q.Code = http.StatusSwitchingProtocols
	c.answered(q)
	proxy.ServeHTTP(w, r)
	return true
}
