package shell

import (
	"path"
	"slices"
	"strings"
)

// Programs that run commands or scripts which stand among their words.
var (
	shells = []string{"sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "rbash", "yash"}

	// otherShells have quotes of their own, in which kaon cannot write values.
	otherShells = []string{"fish", "csh", "tcsh", "pwsh", "powershell", "cmd", "nu", "xonsh", "elvish", "rc"}

	// rerun are programs that hand their words to a shell which they choose.
	rerun = []string{
		"watch", "parallel", "tmux", "screen", "hyperfine", "entr", "nodemon", "bsub", "pdsh", "clush", "dsh",
		"mosh", "rsh", "remsh", "sbatch", "qsub", "concurrently", "watchexec", "viddy", "oarsub", "pm2", "sem",
		"env_parallel", "byobu", "pssh", "parallel-ssh", "condor_run", "slogin", "autossh", "dbclient", "plink",
		"salt", "salt-call", "ansible", "socat",
	}

	// rerunBehind are programs of which a subcommand does so with the words behind it.
	rerunBehind = map[string][]string{
		"ray": {"submit", "exec"}, "sky": {"launch", "exec"}, "adb": {"shell", "exec-out"}, "gcloud": {"ssh"},
		"az": {"ssh"}, "gh": {"ssh"}, "vagrant": {"ssh"}, "fly": {"console"}, "flyctl": {"console"},
		"minikube": {"ssh"}, "colima": {"ssh"}, "podman": {"ssh"}, "docker-machine": {"ssh"}, "tsh": {"ssh"},
		"tailscale": {"ssh"}, "heroku": {"run"}, "knife": {"ssh"}, "consul": {"lock", "exec"}, "git": {"foreach"},
		"aws": {"send-command", "execute-command"}, "cargo": {"watch"}, "devbox": {"run"}, "sshpass": {"ssh"},
	}

	// cargoRuns are the words of cargo that run a program of the user's, with the words behind.
	cargoRuns = []string{"run", "r", "test", "t", "bench", "--"}

	// textOf are the options of programs behind which a command or code stands.
	textOf = map[string][]string{
		"nix-shell": {"--run", "--command"}, "nix": {"--expr"}, "nix-instantiate": {"-E", "--expr"},
		"npx": {"-c", "--call"}, "npm": {"-c", "--call"}, "rsync": {"-e", "--rsh", "--rsync-path"},
		"tar": {"--to-command", "-I", "--use-compress-program", "-F", "--info-script", "--new-volume-script",
			"--rsh-command", "--checkpoint-action"},
		"git": {"--exec", "-x", "--extcmd", "--upload-pack", "--receive-pack", "--tree-filter", "--env-filter",
			"--msg-filter", "--index-filter", "--commit-filter"},
		"scp": {"-S"}, "sftp": {"-S"}, "split": {"--filter"}, "sort": {"--compress-program"}, "zip": {"-TT"},
		"ncat": {"-c", "-e", "--sh-exec", "--exec"}, "nc": {"-e", "-c"}, "doppler": {"--command"},
		"gdb": {"-iex", "--eval-command"}, "lldb": {"-o", "--one-line"}, "borg": {"--rsh"},
		"restic": {"--password-command"}, "man": {"-P", "--pager"}, "et": {"-c"},
		"emacs":   {"--execute", "-eval"},
		"compgen": {"-C", "-W"}, "complete": {"-C", "-W"}, "bind": {"-x"},
	}

	// byOption are programs with a command for a shell behind -c or --command.
	byOption = []string{"su", "runuser", "script", "flock", "sg"}

	// wrappers run the command that their words hold.
	wrappers = []string{
		"command", "builtin", "exec", "time", "nohup", "sudo", "doas", "env", "nice", "ionice",
		"timeout", "stdbuf", "setsid", "xargs", "chroot", "numactl", "taskset", "srun", "mpirun",
		"mpiexec", "strace", "unbuffer", "docker", "podman", "kubectl", "nsenter", "unshare", "find",
		"chrt", "flock", "runuser", "torchrun", "nvidia-docker", "nerdctl", "singularity", "apptainer",
		"enroot", "uv", "poetry", "pipenv", "pixi", "conda", "mamba", "micromamba", "busybox",
		"toybox", "tini", "dumb-init", "gosu", "su-exec", "setpriv", "prlimit", "cgexec",
		"systemd-run", "firejail", "bwrap", "proot", "fakeroot", "xvfb-run", "aprun", "jsrun", "ibrun",
		"horovodrun", "salloc", "nsys", "ncu", "perf", "valgrind", "ltrace", "catchsegv", "accelerate",
		"deepspeed", "coproc", "caffeinate", "chronic", "direnv", "ssh-agent", "faketime", "catatonit",
	}
)

// programName is the name that a word has as a program.
func programName(word string) string {
	switch {
	case strings.HasSuffix(word, "${envvar:SHELL}"):
		return "sh"
	case word == "${interpreter}":
		return "python"
	case word == "${env}":
		return "env"
	}
	return path.Base(word)
}

// mayStart says whether word i may be a program that runs: the first word, or any of those that a wrapper, as the
// first one, has.
func mayStart(words []string, i int) bool {
	return i == 0 || slices.Contains(wrappers, programName(words[0]))
}

// firstWrapper is the first word that may be a wrapper, of which the words behind may be programs that run;
// len(words): there is none.
func firstWrapper(words []string) int {
	i := slices.IndexFunc(words, func(w string) bool { return slices.Contains(wrappers, path.Base(w)) })
	if i < 0 {
		return len(words)
	}
	return i
}

// unknownText stands for what an outer shell puts into the text of an inner one.
const unknownText = "KaonOpaque"

// maybeShell is unknownText that may be the name of a shell, with options or without.
const maybeShell = unknownText + "Shell"
