package steps

// all are the types, by the order in which people are told of them.
var all = []Type{
	command{}, docker{}, python{}, notebook{}, sql{}, sweepStep{}, sparkSubmit{}, livy{"spark"}, livy{"livy"}, hive{},
	pig{}, scala{}, genie{}, titus{},
	custom{customGrace}, httpStep{}, wait{}, notify{}, signalStep{}, nested{},
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
