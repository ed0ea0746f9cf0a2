// Package executortest lets a test binary be the executor that its agents start. Only tests import it.
package executortest
