package parse

import "sync"

// ChunkBytes is how much is read at a time: what a pipe holds, by default, on Linux.
const ChunkBytes = 64 << 10

// Buffers has room for chunks. Who reads holds one only while there is something in it, so a thousand silent
// trials cost no memory.
var Buffers = sync.Pool{New: func() any { return new([ChunkBytes]byte) }}
