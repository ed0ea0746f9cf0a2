package hollow

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/websocket"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Channels of an attachment: the first byte of a message.
const (
	channelIn    = 0
	channelOut   = 1
	channelError = 3
)

// kubelet answers as one. It asks nobody who they are: there is nothing behind it but simulated executors.
type kubelet struct {
	executor func(namespace, pod string) *executor
	address  *net.TCPAddr
	server   *http.Server
	ctx      context.Context
	end      context.CancelFunc
	wg       sync.WaitGroup
}

// listen begins to answer until close.
func (k *kubelet) listen(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen as a kubelet: %w", err)
	}
	cert, err := selfSigned()
	if err != nil {
		_ = l.Close()
		return err
	}
	k.ctx, k.end = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("/attach/{namespace}/{pod}/{container}", k.attach)
	// nothing was written
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", func(http.ResponseWriter, *http.Request) {})
	k.address, _ = l.Addr().(*net.TCPAddr)
	if k.address.IP.IsUnspecified() {
		_ = l.Close()
		return fmt.Errorf("listen as a kubelet at %s: want the one address at which the API server reaches it", address)
	}
	k.server = &http.Server{Handler: crash.Handler(mux), TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12,
		Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}},
		ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	k.wg.Go(crash.Func(func() { _ = k.server.ServeTLS(l, "", "") }))
	return nil
}

func (k *kubelet) close() {
	k.end()
	_ = k.server.Close()
	k.wg.Wait()
}

// selfSigned is a certificate that nobody can check: API servers do so only when they were given an authority of
// kubelets.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kaon-hollow"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// attach leads to a simulated executor.
func (k *kubelet) attach(w http.ResponseWriter, r *http.Request) {
	x := k.executor(r.PathValue("namespace"), r.PathValue("pod"))
	if x == nil {
		http.Error(w, "no process is behind this container", http.StatusNotFound)
		return
	}
	s, _, refused := websocket.Accept(w, r, []string{"v5.channel.k8s.io", "v4.channel.k8s.io"})
	if refused != nil {
		http.Error(w, refused.Message, refused.Code)
		return
	}
	defer s.Conn.Close()
	mine := x.out.lead(func(p []byte) error { return s.Send(websocket.Binary, append([]byte{channelOut}, p...)) })
	defer x.out.leave(mine)
	over := make(chan struct{})
	k.wg.Go(crash.Func(func() {
		select {
		case <-over:
			return
		case <-k.ctx.Done():
		case <-x.over:
			_ = s.Send(websocket.Binary, append([]byte{channelError}, `{"metadata":{},"status":"Success"}`...))
			_ = s.Send(websocket.Close, []byte{0x03, 0xE8})
			select {
			case <-over: // the other end closes, too
			case <-time.After(5 * time.Second):
			}
		}
		_ = s.Conn.Close()
	}))
	defer close(over)
	for {
		message, err := s.Receive()
		if err != nil {
			return
		}
		if len(message) > 1 && message[0] == channelIn {
			if _, err := x.in.Write(message[1:]); err != nil {
				return
			}
		}
	}
}
