package control

// pending is the answer about records that the bucket does not have yet, in the batches that it will have.
type pending struct {
	Batches [][]byte `json:"batches"`
}

// failure is the body of every answer that is no success.
type failure struct {
	Error string `json:"error"`
}

// MaxBody bounds a request's body in bytes. A message becomes one line of a file; whoever has more to say
// puts it where the trial can fetch it.
const MaxBody = 64 << 10
