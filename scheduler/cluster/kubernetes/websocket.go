package kubernetes

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// webSocket is the client's end of a WebSocket (RFC 6455) that carries the channels of an attachment: the first byte of
// each message names one.
type webSocket struct {
	conn io.ReadWriteCloser
	in   *bufio.Reader

	mu     sync.Mutex // of writes
	buf    []byte
	closed bool
}

// attachProtocols are what attachments speak, the newest first: the fifth can close one channel alone.
var attachProtocols = []string{"v5.channel.k8s.io", "v4.channel.k8s.io"}

const (
	messageMax  = 32 << 20 // API servers send far less at a time
	writeWait   = time.Minute
	opContinue  = 0x0
	opText      = 0x1
	opBinary    = 0x2
	opClose     = 0x8
	opPing      = 0x9
	opPong      = 0xA
	acceptGUID  = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	channelIn   = 0
	channelOut  = 1
	channelFail = 3
)

var errClosed = errors.New("the attachment was closed")

// dialWebSocket opens one. The context ends it, also later.
func (a *API) dialWebSocket(ctx context.Context, path string, query url.Values) (*webSocket, error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key := base64.StdEncoding.EncodeToString(nonce[:])
	resp, err := a.open(ctx, a.upgrade, http.MethodGet, path, query, "", nil, http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key":      {key},
		"Sec-Websocket-Protocol": attachProtocols, "Accept": {"*/*"}, // with JSON alone the API server answers 406
	})
	if err != nil {
		return nil, err
	}
	conn, ok := resp.Body.(io.ReadWriteCloser)
	sum := sha1.Sum([]byte(key + acceptGUID))
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok ||
		resp.Header.Get("Sec-Websocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%s answered %s: a proxy between here and the API server does not pass WebSockets on",
			path, resp.Status)
	}
	return &webSocket{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// read is the next message. Pings are answered on the way.
func (w *webSocket) read() ([]byte, error) {
	var message []byte
	for begun := false; ; {
		op, last, part, err := w.frame(messageMax - len(message))
		if err != nil {
			return nil, err
		}
		switch op {
		case opPing:
			if err := w.write(opPong, part); err != nil {
				return nil, err
			}
			continue
		case opPong:
			continue
		case opClose:
			return nil, io.EOF
		case opText, opBinary:
			if begun {
				return nil, errors.New("a message began within another")
			}
		case opContinue:
			if !begun {
				return nil, errors.New("a message went on that had not begun")
			}
		default:
			return nil, fmt.Errorf("a frame of unknown kind %d", op)
		}
		if begun = true; message == nil {
			message = part
		} else {
			message = append(message, part...)
		}
		if last {
			return message, nil
		}
	}
}

// frame reads one frame of at most so many bytes.
func (w *webSocket) frame(most int) (op byte, last bool, body []byte, err error) {
	var head [8]byte
	if _, err = io.ReadFull(w.in, head[:2]); err != nil {
		return 0, false, nil, err
	}
	op, last = head[0]&0xf, head[0]&0x80 != 0
	if head[0]&0x70 != 0 || head[1]&0x80 != 0 {
		return 0, false, nil, errors.New("a frame that no server sends: extended, or masked")
	}
	size := uint64(head[1] & 0x7f)
	switch size {
	case 126:
		_, err = io.ReadFull(w.in, head[:2])
		size = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(w.in, head[:8])
		size = binary.BigEndian.Uint64(head[:8])
	}
	if err != nil {
		return 0, false, nil, err
	}
	if size > uint64(max(most, 0)) || op >= opClose && size > 125 {
		return 0, false, nil, fmt.Errorf("a frame of %d bytes, more than may be", size)
	}
	body = make([]byte, size)
	_, err = io.ReadFull(w.in, body)
	return op, last, body, err
}

// write writes one message. One that the other end does not take in time ends the connection.
func (w *webSocket) write(op byte, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	b := append(w.buf[:0], 0x80|op)
	switch n := len(body); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	var key [4]byte
	_, _ = rand.Read(key[:]) // never fails
	b = append(b, key[:]...)
	at := len(b)
	b = append(b, body...)
	for i := range body {
		b[at+i] ^= key[i&3]
	}
	w.buf = b
	stuck := time.AfterFunc(writeWait, crash.Func(func() { _ = w.conn.Close() }))
	defer stuck.Stop()
	_, err := w.conn.Write(b)
	return err
}

func (w *webSocket) close() {
	_ = w.conn.Close() // which ends a write that is stuck
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// attachment is a pod's executor's standard input and output.
type attachment struct {
	socket *webSocket
	rest   []byte
}

// attach attaches to the executor of a pod. The caller closes it.
func (a *API) attach(ctx context.Context, namespace, name string) (*attachment, error) {
	query := url.Values{"container": {executorContainer}, "stdin": {"true"}, "stdout": {"true"}, "stderr": {"false"},
		"tty": {"false"}}
	w, err := a.dialWebSocket(ctx, podPath(namespace, name)+"/attach", query)
	if err != nil {
		return nil, err
	}
	return &attachment{socket: w}, nil
}

// Read implements io.Reader: what the executor prints.
func (t *attachment) Read(p []byte) (int, error) {
	for len(t.rest) == 0 {
		message, err := t.socket.read()
		if err != nil {
			return 0, err
		}
		if len(message) == 0 {
			continue
		}
		switch message[0] {
		case channelOut:
			t.rest = message[1:]
		case channelFail:
			return 0, attachmentEnd(message[1:min(len(message), textMax)])
		}
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// attachmentEnd reads how the API server says that an attachment ended; io.EOF: the container has.
func attachmentEnd(text []byte) error {
	var said struct{ Status, Message string }
	if json.Unmarshal(text, &said) == nil && said.Status == "Success" {
		return io.EOF
	}
	return fmt.Errorf("the attachment ended: %s", cmp.Or(said.Message, string(text)))
}

// inMax is how much goes to the executor's standard input in one message.
const inMax = 32 << 10

// Write implements io.Writer: to the executor's standard input.
func (t *attachment) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), inMax)]
		if err := t.socket.write(opBinary, append([]byte{channelIn}, part...)); err != nil {
			return n, err
		}
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

// Close implements io.Closer. The executor's standard input stays open for who attaches next.
func (t *attachment) Close() error {
	t.socket.close()
	return nil
}
