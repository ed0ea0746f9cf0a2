// Package tfevents is the format of TensorBoard's event files, both ways: the framing, and of what is in a frame the
// scalars and the parameters of a run.
//
// Nouns: a record is a frame of a file (length, data, checksums: TensorFlow's TFRecord); an event is what is in one, of
// which the scalars of a summary are read, and sessions (the HPARAMS page) only written. A file begins with the record
// of Version.
//
// It is pure: bytes in, bytes out.
package tfevents
