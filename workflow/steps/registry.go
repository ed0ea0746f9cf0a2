package steps

// all are the types, by the order in which people are told of them.
var all = []Type{
	command{}, docker{}, python{}, sweepStep{}, sparkSubmit{}, custom{}, httpStep{}, wait{}, notify{}, nested{},
}

// Types are the types there are.
func Types() []Type { return all }

// Named is the type of a name.
func Named(name string) (Type, bool) {
	for _, t := range all {
		if t.About().Name == name {
			return t, true
		}
	}
	return nil, false
}

// NotBuilt are types that workflow systems have and kaon has not, each with what does its work.
var NotBuilt = map[string]string{
	"notebook": "run papermill in a `command` step",
	"sql":      "run the database's client in a `command` step",
	"spark":    "use `spark-submit`, or a session's REST interface with `http` steps",
	"hive":     "run beeline in a `command` step",
	"pig":      "run pig in a `command` step",
	"genie":    "submit and poll with `http` steps",
	"titus":    "submit and poll with `http` steps",
	"scala":    "run scala in a `command` step",
}
