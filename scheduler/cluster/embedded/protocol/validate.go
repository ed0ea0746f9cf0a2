package protocol

import (
	"fmt"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// CheckExecutorCall validates an executor's call by itself, before its framework is looked at, as Mesos does; ""
// when it is valid.
func CheckExecutorCall(c *executor.Call) string {
	if c.Type == executor.Call_UNKNOWN {
		return "Expecting 'type' to be present"
	}
	switch c.Type {
	case executor.Call_SUBSCRIBE:
		if c.Subscribe == nil {
			return "Expecting 'subscribe' to be present"
		}
		for i := range c.Subscribe.UnacknowledgedUpdates {
			if err := checkExecutorStatus(c, &c.Subscribe.UnacknowledgedUpdates[i].Status); err != "" {
				return err
			}
		}
	case executor.Call_MESSAGE:
		if c.Message == nil {
			return "Expecting 'message' to be present"
		}
	case executor.Call_UPDATE:
		if c.Update == nil {
			return "Expecting 'update' to be present"
		}
		return checkExecutorStatus(c, &c.Update.Status)
	}
	return ""
}

// checkExecutorStatus holds what an executor tells to the rules of an UPDATE, also where a SUBSCRIBE lists
// it.
func checkExecutorStatus(c *executor.Call, s *mesos.TaskStatus) string {
	switch {
	case s.UUID == nil:
		return "Expecting 'uuid' to be present"
	case !ValidUUID(s.UUID):
		return "Not a valid UUID"
	case s.ExecutorID != nil && s.ExecutorID.Value != c.ExecutorID.Value:
		return fmt.Sprintf("ExecutorID in Call: %s does not match ExecutorID in TaskStatus: %s", c.ExecutorID.Value,
			s.ExecutorID.Value)
	case s.GetSource() != mesos.SOURCE_EXECUTOR || s.Source == nil:
		return fmt.Sprintf("Received Call from executor %s of framework %s with invalid source, "+
			"expecting 'SOURCE_EXECUTOR'",
			c.ExecutorID.Value, c.FrameworkID.Value)
	case s.GetState() == mesos.TASK_STAGING:
		return fmt.Sprintf("Received TASK_STAGING from executor %s of framework %s which is not allowed",
			c.ExecutorID.Value, c.FrameworkID.Value)
	}
	return ""
}

// CheckID is the rule for all ids: they name folders.
func CheckID(id string) string {
	switch {
	case id == "":
		return "ID must not be empty"
	case len(id) > 255:
		return "ID must not be greater than 255 characters"
	case id == "." || id == "..":
		return fmt.Sprintf("'%s' is disallowed", id)
	}
	for i := 0; i < len(id); i++ {
		if c := id[i]; c < 0x20 || c == 0x7f || c == '/' || c == '\\' {
			return fmt.Sprintf("'%s' contains invalid characters", id)
		}
	}
	return ""
}
