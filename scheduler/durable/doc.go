// Package durable writes files and makes folders that are still there, and whole, after the machine has lost its power: content is synced
// before a name leads to it, and the folder that holds the name after.
//
// Its functions may be called from any goroutine. Two at once for one name: one of the two files is there after.
package durable
