package scheduler

// attempts is the list of all live attempts in order of launch, so that walking it is deterministic.
type attempts struct {
	first, last *attempt
	len         int
}

func (l *attempts) add(a *attempt) {
	a.prev, a.next = l.last, nil
	if l.last != nil {
		l.last.next = a
	} else {
		l.first = a
	}
	l.last = a
	l.len++
}

func (l *attempts) remove(a *attempt) {
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		l.first = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	} else {
		l.last = a.prev
	}
	a.prev, a.next = nil, nil
	l.len--
}
