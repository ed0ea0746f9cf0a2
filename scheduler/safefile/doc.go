// Package safefile opens files in directories that somebody less trusted can write to, as a trial can to its
// sandbox. All that names something below such a directory goes through a Dir.
//
// A Dir is an opened directory. Names are relative to it, and: no component of a name may be a symbolic link,
// so that no name leads anywhere else, whatever is renamed or replaced meanwhile; only regular files are
// opened, and opening never waits, as it would for a named pipe that nobody writes to; what is written to has
// no other name (a hard link could be another user's file), and what is read has other names only when it
// belongs to the owner of the directory: where the kernel lets everybody link anything
// (fs.protected_hardlinks=0), a link to a file proves no right to read it.
//
// It does not protect from who may trace this process or owns the file system: a file on a file system in
// user space can still take for ever to read. Callers hold no lock while they read.
package safefile
