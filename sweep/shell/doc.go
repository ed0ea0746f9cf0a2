// Package shell puts values into commands as data, never as code.
//
// A command is a list of words or a script for sh -c, with macros (${param.lr}) in it. Script and Words find,
// before any value is known, where each macro stands: in which quotes, of how many shells that read the text
// one inside the other; and where its value goes from there by variables, functions, files and pipes. They
// answer with Parts, which quote any value for their place, and with what a place needs of values (a plain
// word, a number) where they could be more than data. Where no quoting helps, they answer with a Refusal: the
// place, and what to write instead.
//
// The text is parsed with a plain name in the place of each macro, and a macro is taken only where the tree
// shows that a quoted word means the same; so what nobody thought of is refused too.
package shell
