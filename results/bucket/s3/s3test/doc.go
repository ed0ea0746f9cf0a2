// Package s3test starts a real S3 server for tests: versitygw, built from the module proxy once and kept in
// the user's cache folder, serving a folder. It is no dependency of the module.
package s3test
