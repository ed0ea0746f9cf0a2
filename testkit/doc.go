// Package testkit is what the tests of several packages share: golden files with one flag that rewrites them, one way
// to wait for what happens in another goroutine or process, ports that are free, and a terminal with its screen. Tests
// import it, and what draws the pictures of the manual.
package testkit
