// Package sweep reads sweep files.
package sweep
