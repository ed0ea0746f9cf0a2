// Package transfer is the place in the kaon process where agents and executors get files and leave them: the
// executor's own binary, packed code, inputs, secrets, and, the other way, artifacts and logs of attempts on
// their way to the bucket. It is one HTTP server and the client of it.
//
// Whoever knows a URL may use it, and cannot guess another: each carries a code made with the sweep's own
// key. An attempt's URL is good for the files of that attempt and no other. The key, the port and
// half-received files are kept in the sweep's state folder, so that a scheduler that was killed serves the
// same URLs when it is resumed, and uploads go on where they stopped.
//
// Artifacts go straight to a bucket that can sign requests (bucket.Signer): the server signs, executors put.
// Else, with results in a folder, they go through the server in chunks.
//
// A process that runs many sweeps has a Server for each, and one more that listens for all of them
// (Config.Parent).
//
// Nouns: a Server serves one sweep; a path is a capability; an uploadRequest is what a Client wants to leave,
// and an uploadPlan the answer: by which method, from which byte on; a partialUpload is a file that is coming
// in. The server's handlers run on net/http's goroutines; Client's methods on those of attempts, and block.
// In the flow it stands beside launch (files out) and status (files in).
//
// Files look down: open, family, routes, the handlers (files, saved, redirect, receive, chunks), attempts,
// respond, server; on the other side upload and download, client, protocol.
package transfer
