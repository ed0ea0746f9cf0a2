// Package maestro reads workflow definitions of Netflix's Maestro, in JSON, and writes them as workflow files. What
// they have and kaon has not is named; a definition whose order or lists cannot be carried is refused. It is pure.
package maestro
