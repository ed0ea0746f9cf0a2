// Command hello is what the recorded image holds, and, with an argument, the recorded executor: it reports each task as
// starting and running, and ends it when it is told to.
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Println("hello")
		linger()
		return
	}
	if err := execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// linger waits until somebody makes a file in the sandbox, but no longer than a minute.
func linger() {
	for range 3000 {
		if _, err := os.Stat(os.Getenv("MESOS_SANDBOX") + "/end"); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// event is as much of an executor's event as is needed here.
type event struct {
	Type   string
	Launch struct {
		Task struct {
			TaskID id `json:"task_id"`
		}
	}
	Kill struct {
		TaskID id `json:"task_id"`
	}
}

type id struct{ Value string }

func execute() error {
	stream, err := post(map[string]any{"type": "SUBSCRIBE", "subscribe": map[string]any{}})
	if err != nil {
		return err
	}
	defer stream.Close()
	for in := bufio.NewReader(stream); ; {
		size, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil {
			return err
		}
		record := make([]byte, n)
		if _, err := io.ReadFull(in, record); err != nil {
			return err
		}
		var e event
		if err := json.Unmarshal(record, &e); err != nil {
			return err
		}
		switch e.Type {
		case "LAUNCH":
			err = update(e.Launch.Task.TaskID, "TASK_STARTING", "TASK_RUNNING")
		case "KILL":
			err = update(e.Kill.TaskID, "TASK_KILLED")
		case "SHUTDOWN":
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func update(task id, states ...string) error {
	for _, state := range states {
		uuid := make([]byte, 16)
		_, _ = rand.Read(uuid) // never fails
		uuid[6] = uuid[6]&0x0f | 0x40
		body, err := post(map[string]any{"type": "UPDATE", "update": map[string]any{"status": map[string]any{
			"task_id": map[string]string{"value": task.Value}, "state": state, "uuid": uuid, "source": "SOURCE_EXECUTOR", "data": []byte{},
			"message": "from capexec", "timestamp": float64(time.Now().UnixMicro()) / 1e6,
			"labels": map[string]any{"labels": []any{map[string]string{"key": "progress", "value": "50"}}},
		}}})
		if err != nil {
			return err
		}
		body.Close()
	}
	return nil
}

func post(call map[string]any) (io.ReadCloser, error) {
	call["executor_id"] = map[string]string{"value": os.Getenv("MESOS_EXECUTOR_ID")}
	call["framework_id"] = map[string]string{"value": os.Getenv("MESOS_FRAMEWORK_ID")}
	text, err := json.Marshal(call)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+os.Getenv("MESOS_AGENT_ENDPOINT")+"/slave(1)/api/v1/executor", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+os.Getenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		said, _ := io.ReadAll(resp.Body)
		return nil, fmt.Errorf("agent answered %s: %s", resp.Status, said)
	}
	return resp.Body, nil
}
