package sweep

// environment is what an expression that names these leaves sees of one point: values by name, groups as maps,
// absent ones nil.
func (s *Space) environment(values []Value, active []bool, leaves []int) map[string]any {
	root := make(map[string]any, len(leaves))
	for _, k := range leaves {
		l := s.leaves[k]
		at := root
		for _, step := range l.path[:len(l.path)-1] {
			next, ok := at[step].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[step] = next
			}
			at = next
		}
		if active == nil || active[k] {
			at[l.path[len(l.path)-1]] = plain(values[k])
		} else {
			at[l.path[len(l.path)-1]] = nil
		}
	}
	return root
}

// plain is a value in the types that the expression language knows.
func plain(v Value) any {
	switch v := v.(type) {
	case []Value:
		items := make([]any, len(v))
		for i := range v {
			items[i] = plain(v[i])
		}
		return items
	case Point:
		m := make(map[string]any, len(v))
		for _, p := range v {
			m[p.Name] = plain(p.Value)
		}
		return m
	}
	return v
}

// environmentOf is what an expression that names these leaves sees of a point; absent parameters are nil.
func (s *Space) environmentOf(p Point, leaves []int) map[string]any {
	values, active := make([]Value, len(s.leaves)), make([]bool, len(s.leaves))
	for _, k := range leaves {
		values[k], active[k] = find(p, s.leaves[k].path)
	}
	return s.environment(values, active, leaves)
}

// find follows a path of names through groups.
func find(p Point, path []string) (Value, bool) {
	for _, param := range p {
		if param.Name != path[0] {
			continue
		}
		if len(path) == 1 {
			return param.Value, true
		}
		group, ok := param.Value.(Point)
		if !ok {
			return nil, false
		}
		return find(group, path[1:])
	}
	return nil, false
}
