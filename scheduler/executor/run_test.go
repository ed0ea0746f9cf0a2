package executor

import (
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/wire"
)

func TestTrialRunsAndReports(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.launch("s.7.1", wire.Order{Sweep: "s", Trial: 7, Attempt: 1, Seed: 42, Params: []byte(`{"lr":0.1,"opt":"sgd","net.depth":3}`),
		Metrics: []string{"loss"}, Objective: "accuracy", Env: []string{"WHERE=" + wire.Folder + "/x"},
		Files: []wire.File{{Name: "conf/args.json", Data: []byte("{}")}},
		Shell: `test "$KAON_SWEEP/$KAON_TRIAL/$KAON_ATTEMPT/$KAON_SEED" = s/7/1/42 || exit 1
test "$KAON_PARAM_LR/$KAON_PARAM_OPT/$KAON_PARAM_NET_DEPTH" = 0.1/sgd/3 || exit 2
test "$KAON_PARAMS" = '{"lr":0.1,"opt":"sgd","net.depth":3}' || exit 3
test -f conf/args.json && test -d "$KAON_ARTIFACTS" && test -f "$KAON_CONTROL" || exit 4
test "$WHERE" = "$PWD/x" || exit 5
echo '{"accuracy": 0.5, "step": 10}' >> $KAON_METRICS
echo 'epoch 1: loss=0.25 other=3'
echo '{"accuracy": NaN}'
echo not a metric
printf 'accuracy=0.75'`})
	o := a.finished("s.7.1")
	if o.state != mesosapi.TASK_FINISHED || o.end.Exit != 0 || o.end.StartMs == 0 || o.end.EndMs < o.end.StartMs {
		t.Fatalf("got %+v", o)
	}
	if len(o.points) != 4 {
		t.Fatalf("got points %+v", o.points)
	}
}
