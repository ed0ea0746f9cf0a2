// Package journal keeps the scheduler's journal in one bbolt file.
//
// It implements scheduler.Journal: Append makes the entries of one Ready durable in one transaction with one
// fsync of data; Load yields what is kept. Entries are upserts, so the file is as large as what is alive: a waiting
// trial takes nothing, an ended trial about forty bytes until its sweep ends, an ended sweep one entry, and records
// go as soon as the bucket has them. bbolt reuses freed pages but never shrinks the file.
//
// It decides nothing, knows no order between entries but that of Append, and has no goroutine: the scheduler's loop
// calls it. One process at a time may have a journal open.
package journal
