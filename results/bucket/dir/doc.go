// Package dir keeps a bucket in a folder: an object is the file of its name. It is what `kaon run` writes to
// when nothing else is asked for.
//
// A Put writes a temporary file, syncs it, renames it into place and syncs the folder, so that an object is
// there whole or not at all, also after a power cut. All access goes through os.Root: no name, and no
// symbolic link found inside, leads out of the folder. Locks, versions and rights are not its business.
package dir
