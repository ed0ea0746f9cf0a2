// Package websocket is the server's side of a WebSocket (RFC 6455), as kubelets and API servers have it for
// attachments. A Conn is read by one goroutine, and written by any.
package websocket
