// Package control is the way to a server that runs in another process of this machine: `kaon run`
// listens on a unix socket in its state folder, and `kaon stop`, `pause`, `resume`, `message` and `status`
// talk to it there. Commands that read results ask it for what the bucket does not have yet.
//
// It does not decide anything: commands become the events of package scheduler, answers come when they are
// durable. It asks for no credentials: the kernel says which user is at the other end, and only the one who
// runs the scheduler and root are answered, whatever the socket's mode.
//
// The protocol is HTTP with JSON bodies; `curl --unix-socket FILE http://kaon/v1/status` speaks it:
//
//	GET  /v1/status                                   a Status
//	GET  /v1/sweeps/{sweep}/records                   {"batches": […]}, base64: records that are on their way to the bucket
//	GET  /v1/sweeps/{sweep}/trials/{trial}/attempts/{attempt}/output/{file}?offset=N   what a running attempt has written, where this process alone leads to it
//	POST /v1/sweeps/{sweep}/stop                      body {"reason": "…"} or none; running trials are asked to end
//	POST /v1/sweeps/{sweep}/pause
//	POST /v1/sweeps/{sweep}/resume
//	POST /v1/sweeps/{sweep}/extend                    body {"set": ["run_cap=80"]}; answers 200 and {"trials", "from"}
//	POST /v1/sweeps/{sweep}/trials/{trial}/stop       body {"reason": "…"} or none
//	POST /v1/sweeps/{sweep}/trials/{trial}/message    body: any JSON value, which becomes a line of $KAON_CONTROL
//
// A command that was taken answers 204 without a body: a stop or pause is then in the journal, a message is on its way
// and may still be lost. Everything else answers {"error": "…"}: 400 for a body or trial number that cannot be read,
// and a change that the spec cannot take, 404 for a sweep or trial that this process does not have, 409 for a trial
// that does not run now (message) or a sweep or trial that has ended, 413 for a body beyond MaxBody, 503 when the
// scheduler is ending. Fields may be added, not renamed.
//
// Nouns: a Server listens, in its own goroutines, until Close; a Client asks, from any goroutine.
//
// In the flow it stands beside the loop of package scheduler, where commands enter.
package control
