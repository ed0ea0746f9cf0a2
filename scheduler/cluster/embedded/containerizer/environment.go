package containerizer

import (
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// processEnvironment is what the agent tells an executor that runs as a process, which sees its own devices
// only by variables.
func (a *Agent) processEnvironment(c *container, e protocol.StartExecutor) map[string]string {
	env := a.environment(c, e)
	if len(e.GPUs) > 0 {
		maps.Copy(env, a.cfg.Devices.Environment(e.GPUs))
	}
	return env
}

// environment is what an agent tells an executor, by Mesos's variables.
func (a *Agent) environment(c *container, e protocol.StartExecutor) map[string]string {
	t := a.cfg.Timing
	grace := t.ShutdownGrace
	if g := e.Executor.GetShutdownGracePeriod(); g != nil {
		grace = time.Duration(g.GetNanoseconds())
	}
	checkpoint := "0"
	if e.Checkpoint {
		checkpoint = "1"
	}
	env := map[string]string{
		"LIBPROCESS_PORT":                      "0",
		"MESOS_AGENT_ENDPOINT":                 a.cfg.Addr,
		"MESOS_CHECKPOINT":                     checkpoint,
		"MESOS_DIRECTORY":                      c.sandbox,
		"MESOS_EXECUTOR_ID":                    e.Executor.ExecutorID.Value,
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": protocol.MesosDuration(grace),
		"MESOS_FRAMEWORK_ID":                   e.Framework.ID.Value,
		"MESOS_HTTP_COMMAND_EXECUTOR":          "0",
		"MESOS_SANDBOX":                        c.sandbox,
		"MESOS_SLAVE_ID":                       string(e.AgentID),
		"MESOS_SLAVE_PID":                      "slave(1)@" + a.cfg.Addr,
	}
	if !e.Command { // those are run by the agent itself
		maps.Copy(env, a.cfg.Identify(e.Claims()))
	}
	if e.Checkpoint {
		env["MESOS_RECOVERY_TIMEOUT"] = protocol.MesosDuration(t.RecoveryTimeout)
		env["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = protocol.MesosDuration(t.ExecutorReregistration)
	}
	return env
}

// environment is all that a command sees: this process's own environment but for what belongs to another
// executor or lets in to a cluster, the agent's variables, and last what the command asks for.
func environment(own map[string]string, command *mesos.CommandInfo) []string {
	var out []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "MESOS_") && !strings.HasPrefix(kv, "LIBPROCESS_") && !credential(kv) {
			out = append(out, kv)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(own)) {
		out = append(out, k+"="+own[k])
	}
	for _, v := range command.GetEnvironment().GetVariables() {
		out = append(out, v.Name+"="+v.GetValue())
	}
	return out
}

// credential tells whether a variable holds credentials of a scheduler, which are no executor's business.
func credential(kv string) bool {
	name, _, _ := strings.Cut(kv, "=")
	return name == "KAON_PRINCIPAL" || name == "KAON_CREDENTIALS" || name == "KAON_CLUSTER" ||
		name == "KAON_METRICS_AUTH"
}
