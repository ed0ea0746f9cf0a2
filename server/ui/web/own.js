// Objects that have something under names of users: every object has more than that under names like constructor.

/** own is what an object has under a name itself; undefined: nothing. */
export function own(of, name) { return Object.hasOwn(of, name) ? of[name] : undefined; }
