package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/server/webhook"
)

type webhookFlags struct {
	Webhook       []string `placeholder:"URL" sep:"none" help:"Tell this address of every sweep that has ended, in a signed POST; may be repeated."`
	WebhookSecret string   `name:"webhook-secret" env:"KAON_WEBHOOK_SECRET" placeholder:"@FILE" help:"Sign what webhooks are told with the secret in a file that only you may read, or in the variable."`
	WebhookAllow  []string `name:"webhook-allow" placeholder:"CIDR" help:"Let webhooks connect to these addresses, too, besides those that anybody can reach; may be repeated."`
}

// webhookVariable holds what signs webhooks.
const webhookVariable = "KAON_WEBHOOK_SECRET"

// sender starts what tells the webhooks; nil: there are none.
func (f *webhookFlags) sender(log *slog.Logger) (*webhook.Sender, error) {
	if len(f.Webhook) == 0 {
		return nil, nil
	}
	cfg := webhook.Config{URLs: f.Webhook, Log: log}
	for _, text := range f.WebhookAllow {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, usage(fmt.Errorf("--webhook-allow %q: want an address with the length of its network, as in 10.0.0.0/8", text))
		}
		cfg.Allow = append(cfg.Allow, p)
	}
	secret, err := givenSecret("--webhook-secret", f.WebhookSecret, webhookVariable)
	if err != nil {
		return nil, usage(err)
	}
	cfg.Secret = []byte(secret)
	s, err := webhook.New(cfg)
	if err != nil {
		return nil, usage(fmt.Errorf("--webhook: %w", err))
	}
	return s, nil
}

// givenSecret reads what a flag says: @FILE, or a secret in its variable.
func givenSecret(flag, value, variable string) (string, error) {
	file, ok := strings.CutPrefix(value, "@")
	switch {
	case value == "":
		return "", fmt.Errorf("write a secret to a file and give %s @FILE, or put it into %s: receivers know by it who speaks", flag, variable)
	case !ok && value != os.Getenv(variable):
		return "", fmt.Errorf("%s: a secret on the command line can be read by every user of this machine: "+
			"write it to a file and give %[1]s @FILE, or put it into %s", flag, variable)
	case !ok:
		return value, nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	if info.Mode().Perm()&0o004 != 0 {
		return "", fmt.Errorf("%s %s: every user of this machine may read it: chmod 600 %s", flag, file, file)
	}
	text, err := os.ReadFile(file)
	return strings.TrimSpace(string(text)), err
}
