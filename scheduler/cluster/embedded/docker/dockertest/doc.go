// Package dockertest gives tests a real Docker engine and images built from scratch on it. Without an engine
// a test is skipped by name, and fails if KAON_TEST_STRICT=1. It is linked into tests only.
package dockertest
