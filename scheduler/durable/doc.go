// Package durable writes files and makes folders that are still there, and whole, after the machine has lost its power:
// content is synced before a name leads to it, and the folder that holds the name after. ReplaceUnsynced alone keeps a
// file whole only for who outlives the process.
//
// Its functions may be called from any goroutine. Two at once for one name: one of the two files is there after.
package durable
