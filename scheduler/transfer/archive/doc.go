// Package archive packs a folder of code into one file, the same bytes for the same files, and unpacks
// archives into a folder that nothing in them can lead out of.
//
// Pack leaves out what .gitignore and .kaonignore name. Its archives are tar under zstd; Unpack also reads
// plain tar, tar under gzip or bzip2, and zip, as inputs of trials come. It keeps no state, knows no network
// and may be called from any goroutine. In the flow it stands at both ends of package transfer: the server packs,
// the executor unpacks.
package archive
