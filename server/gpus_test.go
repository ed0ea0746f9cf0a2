package server

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/server/fault"
)

func write(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// hide makes the test see no device by the environment, nor a program that would name any.
func hide(t *testing.T) {
	for _, name := range []string{"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	t.Setenv("PATH", t.TempDir())
}

func TestGPUsAreFound(t *testing.T) {
	nvidia := func(uuid string) string {
		return "Model: \t\t NVIDIA A100\nIRQ:   \t\t 31\nGPU UUID: \t " + uuid + "\nDevice Minor: \t 0\n"
	}
	two := map[string]string{
		"proc/driver/nvidia/gpus/0000:01:00.0/information": nvidia("GPU-aaaa"),
		"proc/driver/nvidia/gpus/0000:02:00.0/information": nvidia("GPU-bbbb"),
	}
	amd := map[string]string{
		"dev/kfd": "",
		"sys/class/kfd/kfd/topology/nodes/0/properties": "cpu_cores_count 64\nsimd_count 0\n",
		"sys/class/kfd/kfd/topology/nodes/1/properties": "cpu_cores_count 0\nsimd_count 416\n",
		"sys/class/kfd/kfd/topology/nodes/2/properties": "cpu_cores_count 0\nsimd_count 416\n",
	}
	for name, c := range map[string]struct {
		files map[string]string
		env   map[string]string
		smi   string
		want  containerizer.GPUs
	}{
		"none":   {},
		"nvidia": {files: two, want: containerizer.GPUs{Vendor: containerizer.NVIDIA, IDs: []string{"GPU-aaaa", "GPU-bbbb"}}},
		"the driver does not say, nvidia-smi does": {
			files: map[string]string{"proc/driver/nvidia/gpus/0000:01:00.0/information": nvidia("GPU-????????")},
			smi:   "GPU-cccc\nGPU-dddd\n", want: containerizer.GPUs{Vendor: containerizer.NVIDIA, IDs: []string{"GPU-cccc", "GPU-dddd"}},
		},
		"some are hidden":    {files: two, env: map[string]string{"CUDA_VISIBLE_DEVICES": "GPU-bbbb"}, want: containerizer.GPUs{Vendor: containerizer.NVIDIA, IDs: []string{"GPU-bbbb"}}},
		"hidden by an index": {files: two, env: map[string]string{"CUDA_VISIBLE_DEVICES": "1"}, want: containerizer.GPUs{Vendor: containerizer.NVIDIA, IDs: []string{"1"}}},
		"all are hidden":     {files: two, env: map[string]string{"CUDA_VISIBLE_DEVICES": ""}, want: containerizer.GPUs{Vendor: containerizer.NVIDIA}},
		"after an invalid":   {files: two, env: map[string]string{"CUDA_VISIBLE_DEVICES": "0,-1,1"}, want: containerizer.GPUs{Vendor: containerizer.NVIDIA, IDs: []string{"0"}}},
		"amd":                {files: amd, want: containerizer.GPUs{Vendor: containerizer.AMD, IDs: []string{"0", "1"}}},
		"no driver of amd":   {files: map[string]string{"sys/class/kfd/kfd/topology/nodes/1/properties": "simd_count 416\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			hide(t)
			root := t.TempDir()
			for file, text := range c.files {
				write(t, root, file, text)
			}
			if c.smi != "" {
				bin := t.TempDir()
				write(t, bin, "nvidia-smi", "#!/bin/sh\nprintf '"+c.smi+"'\n")
				if err := os.Chmod(filepath.Join(bin, "nvidia-smi"), 0o755); err != nil {
					t.Fatal(err)
				}
				t.Setenv("PATH", bin+":/usr/bin:/bin")
			}
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			if got := findGPUs(root); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestGPUsByHand(t *testing.T) {
	hide(t)
	for text, want := range map[string][]string{
		"0": nil, "none": nil, "2": {"0", "1"}, "0,3": {"0", "3"}, "id:3": {"3"}, "GPU-x": {"GPU-x"}, "": nil,
	} {
		got, err := Devices(text)
		if err != nil || len(got.IDs) != len(want) || len(want) > 0 && !reflect.DeepEqual(got.IDs, want) {
			t.Errorf("%q: %v, %v", text, got.IDs, err)
		}
	}
	for _, text := range []string{"-1", "5000", "1,1", "0,,1", "a b", "x", "1.5", "id:x", "two", "0,x", "GPU-a b", "id:5000"} {
		if _, err := Devices(text); fault.KindOf(err) != fault.KindUsage || !strings.Contains(err.Error(), "as in --gpus 2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Ids are checked against what the driver names, where it names any.
func TestKnownGPUs(t *testing.T) {
	two := []string{"GPU-8a56", "GPU-bbbb"}
	for id, want := range map[string][2]bool{
		"0": {true, true}, "GPU-8a56": {true, true}, "GPU-8": {true, true}, "GPU-cccc": {true, false}, "MIG-1": {true, true},
		"-1": {false, false}, "x": {false, false}, "": {false, false}, "gpu0": {false, false},
	} {
		if none, some := isGPU(id, nil), isGPU(id, two); none != want[0] || some != want[1] {
			t.Errorf("%q: %v where none was found, %v where %v were; want %v", id, none, some, two, want)
		}
	}
}
