// Package relay starts a program by way of a process that is not the one who starts it. Between fork and exec the
// kernel opens folder and program while all of the starting process waits; on a file system of the network whose server
// goes away at that moment the wait has no end. With a relay, this very program is started, which is on no such file
// system. It changes to the folder and executes the program, in the place and with the environment, user, limits,
// session and open files of who it is to become. Only it waits, and who started it hears how far it got.
package relay
