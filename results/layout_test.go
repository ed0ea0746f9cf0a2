package results

import "testing"

func TestNamesAreReadBack(t *testing.T) {
	const sweep = "digits"
	for name, want := range map[string][2]int{
		ArtifactsPrefix(sweep, 12, 3) + "model/a.bin": {12, 3}, ArtifactsPrefix(sweep, 0, 0) + "x": {0, 0},
		ArtifactsPrefix(sweep, ThenTrial, 0) + "x": {-1, -1}, LogsPrefix(sweep, 12, 3) + "stdout.zst": {-1, -1},
		ArtifactsPrefix("other", 12, 3) + "x": {-1, -1}, AllArtifactsPrefix(sweep) + "1/2": {-1, -1},
		AllArtifactsPrefix(sweep) + "-1/0/x": {-1, -1}, AllArtifactsPrefix(sweep) + "01/0/x": {-1, -1},
		AllArtifactsPrefix(sweep) + "1/b/x": {-1, -1},
	} {
		trial, attempt, ok := ArtifactAttempt(sweep, name)
		if ok != (want[0] >= 0) || ok && [2]int{trial, attempt} != want {
			t.Errorf("%s is of trial %d, attempt %d, %v; want %v", name, trial, attempt, ok, want)
		}
	}
	for name, want := range map[string][2]int{
		WholeName(sweep, 12, 3): {12, 3}, WholeName(sweep, ThenTrial, 0): {-1, -1}, WholeName("other", 12, 3): {-1, -1},
		ArtifactsPrefix(sweep, 12, 3) + "x.whole": {-1, -1}, ArtifactsPrefix(sweep, 12, 3) + "x": {-1, -1},
		AllArtifactsPrefix(sweep) + "12/03.whole": {-1, -1},
	} {
		trial, attempt, ok := WholeAttempt(sweep, name)
		if ok != (want[0] >= 0) || ok && [2]int{trial, attempt} != want {
			t.Errorf("%s says that trial %d, attempt %d is whole, %v; want %v", name, trial, attempt, ok, want)
		}
	}
	for _, epoch := range []string{"", "a1"} {
		if n, ok := BatchNumber(sweep, BatchName(sweep, 123_456_789, epoch)); !ok || n != 123_456_789 {
			t.Errorf("the batch of epoch %q has number %d, %v", epoch, n, ok)
		}
	}
}
