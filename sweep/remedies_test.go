package sweep

var remedies = map[string][][]string{}
