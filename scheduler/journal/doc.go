// Package journal keeps the scheduler's journal in a bbolt file with a log beside it.
//
// It implements scheduler.Journal: Append makes the entries of one Ready durable as one record of the log, which is a file
// of fixed size, with one fdatasync and no change to metadata; when the log is full, all of it goes into bbolt in one
// transaction, and it begins anew. Load and Replay yield what is kept, from bbolt, after bringing the log in. Entries are upserts, so the file is as large as what is alive: a waiting
// trial takes nothing, an ended trial about forty bytes until its sweep ends, an ended sweep one entry, and records
// go as soon as the bucket has them. bbolt reuses freed pages but never shrinks the file.
//
// It decides nothing, knows no order between entries but that of Append, and has no goroutine: the scheduler's loop
// appends, the writer of results replays. One process at a time may have a journal open.
package journal
