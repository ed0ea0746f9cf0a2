// Package disk keeps the scheduler's journal in two files: a log of fixed size, and a store that it is emptied into.
//
// It implements journal.Journal: Append makes the entries of one Ready durable as one record of the log, with one
// fdatasync and no change to metadata; when the log is full, what is in it goes to the end of the store as one block,
// in which trials that changed several times are written once, and the log begins anew. Load and Replay yield what is
// kept, from the store, after bringing the log in. Entries are upserts, and a store of which half is dead is written
// anew, so the files are as large as what is alive: a waiting trial takes nothing, an ended trial some seventy bytes
// until its sweep ends, an ended sweep one entry, and records go as soon as the bucket has them.
//
// Every byte is under a checksum. What the death of the machine tore is the end of what was being written, and is told
// from damage: the log says how much of both files was durable. Damage is an error, journal.ErrDamaged, that changes
// nothing.
//
// Read is for who only looks, also while somebody has the journal open or is about to. Salvage reads what is whole of a
// journal that is damaged, the prefix before the damage and what lies behind the hole: every record and block has its
// own checksum and its number in one order, and entries are upserts, so the later of two with one key is right whatever
// was between them. That a trial ended, and what it reported, are facts, which nothing in the hole can have undone.
// Where something stands, a hole may have changed since: an attempt that runs, an executor, the framework. Those a
// repair does not take from behind damage.
//
// Journals of kaons up to 0.1, in bbolt's format, are read by a reader of our own, which trusts no page, and are
// written anew.
//
// It decides nothing, knows no order between entries but that of Append, and has no goroutine: the scheduler's loop
// appends, the writer of results replays. One process at a time may have a journal open.
package disk
