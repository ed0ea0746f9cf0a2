package master

import (
	"fmt"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// checkFramework refuses a FrameworkInfo whose roles do not fit its capabilities.
func checkFramework(info *mesos.FrameworkInfo) string {
	multi := false
	for _, c := range info.Capabilities {
		multi = multi || c.Type == mesos.FrameworkInfo_Capability_MULTI_ROLE
	}
	if multi && info.Role != nil {
		return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"
	}
	if !multi && len(info.Roles) > 0 {
		return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
	}
	if !multi {
		if err := checkRole(info.GetRole()); err != "" {
			return "'FrameworkInfo.role' is not a valid role: " + err
		}
	}
	seen := map[string]bool{}
	for _, r := range info.Roles {
		if seen[r] {
			return fmt.Sprintf("'FrameworkInfo.roles' contains duplicate items: { %s }", r)
		}
		seen[r] = true
	}
	for _, r := range info.Roles {
		if err := checkRole(r); err != "" {
			return "'FrameworkInfo.roles' contains invalid role: " + err
		}
	}
	if id := info.GetID().GetValue(); id != "" {
		return protocol.CheckID(id)
	}
	return ""
}

// checkRole is the rule for names of roles: paths of components, or the star.
func checkRole(role string) string {
	switch {
	case role == "*":
		return ""
	case role == "":
		return "Role names cannot be the empty string"
	case strings.HasPrefix(role, "/"):
		return fmt.Sprintf("Role '%s' cannot start with a slash", role)
	case strings.HasSuffix(role, "/"):
		return fmt.Sprintf("Role '%s' cannot end with a slash", role)
	case strings.Contains(role, "//"):
		return fmt.Sprintf("Role '%s' cannot contain two adjacent slashes", role)
	}
	for part := range strings.SplitSeq(role, "/") {
		switch {
		case part == "." || part == ".." || part == "*":
			return fmt.Sprintf("Role '%s' cannot include '%s' as a component", role, part)
		case strings.HasPrefix(part, "-"):
			return fmt.Sprintf("Role component '%s' is invalid because it starts with a dash", part)
		case strings.ContainsAny(part, " \t\n\v\f\r\b"):
			return fmt.Sprintf("Role component '%s' is invalid because it contains backspace or whitespace", part)
		}
	}
	return ""
}
