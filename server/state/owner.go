package state

import "os/user"

// IsForeign tells whether an owner is somebody else than this process's own user.
func IsForeign(owner string) bool {
	return owner != "" && owner != OwnName()
}

// OwnName is what this process's own user is called as the owner of sweeps.
func OwnName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "local"
}
