package websocket

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a message that is sent here may be.
const (
	Binary = 0x2
	Close  = 0x8 // its body is a status in two bytes
)

const (
	opContinuation = 0x0
	opText         = 0x1
	opPing         = 0x9
	opPong         = 0xA

	messageLimit = 32 << 20
)

// Conn is one WebSocket.
type Conn struct {
	Conn   net.Conn // below it; whoever accepted it closes it
	reader *bufio.Reader
	write  sync.Mutex
}

// Refusal is why a handshake was not taken.
type Refusal struct {
	Code    int // of HTTP
	Message string
}

func refuse(code int, format string, args ...any) *Refusal {
	return &Refusal{code, fmt.Sprintf(format, args...)}
}

// Accept answers a handshake with the first of the client's protocols that is spoken here. Of one that is refused
// nothing was answered yet.
func Accept(w http.ResponseWriter, r *http.Request, spoken []string) (s *Conn, protocol string, refused *Refusal) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") ||
		!strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade") {
		return nil, "", refuse(http.StatusBadRequest, "Upgrade request required")
	}
	if r.Header.Get("Sec-WebSocket-Version") != "13" {
		return nil, "", refuse(http.StatusBadRequest, "websocket: version 13 is needed")
	}
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for offered := range strings.SplitSeq(line, ",") {
			if offered = strings.TrimSpace(offered); protocol == "" && slices.Contains(spoken, offered) {
				protocol = offered
			}
		}
	}
	if protocol == "" {
		return nil, "", refuse(http.StatusForbidden, "requested protocol(s) are not supported: %v; supports %v",
			r.Header.Values("Sec-WebSocket-Protocol"), spoken)
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return nil, "", refuse(http.StatusBadRequest, "unable to upgrade: HTTP/1.1 is needed")
	}
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		return nil, "", refuse(http.StatusInternalServerError, "%v", err)
	}
	_ = conn.SetDeadline(time.Time{})
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]), protocol)
	if err != nil {
		_ = conn.Close()
		return nil, "", refuse(http.StatusInternalServerError, "%v", err)
	}
	return &Conn{Conn: conn, reader: buffered.Reader}, protocol, nil
}

// Send sends one message of a kind.
func (s *Conn) Send(op byte, payload []byte) error {
	header := []byte{0x80 | op}
	switch n := len(payload); {
	case n < 126:
		header = append(header, byte(n))
	case n < 1<<16:
		header = binary.BigEndian.AppendUint16(append(header, 126), uint16(n))
	default:
		header = binary.BigEndian.AppendUint64(append(header, 127), uint64(n))
	}
	s.write.Lock()
	defer s.write.Unlock()
	_, err := s.Conn.Write(append(header, payload...))
	return err
}

// Receive is the next message of the client; pings are answered on the way.
func (s *Conn) Receive() ([]byte, error) {
	var message []byte
	for {
		op, final, payload, err := s.frame()
		if err != nil {
			return nil, err
		}
		switch op {
		case opPing:
			if err := s.Send(opPong, payload); err != nil {
				return nil, err
			}
		case opPong:
		case Close:
			_ = s.Send(Close, payload)
			return nil, io.EOF
		case opText, Binary, opContinuation:
			if message = append(message, payload...); len(message) > messageLimit {
				return nil, errors.New("message too long")
			}
			if final {
				return message, nil
			}
		default:
			return nil, fmt.Errorf("opcode %d", op)
		}
	}
}

func (s *Conn) frame() (op byte, final bool, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(s.reader, head[:]); err != nil {
		return 0, false, nil, err
	}
	if head[0]&0x70 != 0 || head[1]&0x80 == 0 {
		return 0, false, nil, errors.New("a client's frame is masked and has no extension")
	}
	n := uint64(head[1] & 0x7F)
	switch n {
	case 126:
		var b [2]byte
		if _, err = io.ReadFull(s.reader, b[:]); err == nil {
			n = uint64(binary.BigEndian.Uint16(b[:]))
		}
	case 127:
		var b [8]byte
		if _, err = io.ReadFull(s.reader, b[:]); err == nil {
			n = binary.BigEndian.Uint64(b[:])
		}
	}
	if err != nil {
		return 0, false, nil, err
	}
	if n > messageLimit {
		return 0, false, nil, errors.New("frame too long")
	}
	var mask [4]byte
	if _, err = io.ReadFull(s.reader, mask[:]); err != nil {
		return 0, false, nil, err
	}
	payload = make([]byte, n)
	if _, err = io.ReadFull(s.reader, payload); err != nil {
		return 0, false, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0] & 0x0F, head[0]&0x80 != 0, payload, nil
}
