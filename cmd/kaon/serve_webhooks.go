package main

import (
	"fmt"
	"log/slog"
	"net/netip"

	"github.com/kaon-sweep/kaon/server/webhook"
)

type webhookFlags struct {
	Webhook       []string `placeholder:"URL" sep:"none" help:"Tell this address of every sweep that has ended, and of every run of a workflow that is late, in a signed POST; may be repeated."`
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
	return f.senderTo(f.Webhook, log)
}

// senderTo starts what tells addresses, by the secret and within the bounds of the flags.
func (f *webhookFlags) senderTo(addresses []string, log *slog.Logger) (*webhook.Sender, error) {
	cfg, err := f.webhookConfig()
	if err != nil {
		return nil, usage(err)
	}
	cfg.URLs, cfg.Log = addresses, log
	s, err := webhook.New(cfg)
	if err != nil {
		return nil, usage(fmt.Errorf("--webhook: %w", err))
	}
	return s, nil
}

// webhookConfig is what the flags say of all webhooks.
func (f *webhookFlags) webhookConfig() (cfg webhook.Config, err error) {
	for _, text := range f.WebhookAllow {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return cfg, fmt.Errorf("--webhook-allow %q: want an address with the length of its network, as in "+
				"10.0.0.0/8", text)
		}
		cfg.Allow = append(cfg.Allow, p)
	}
	if f.WebhookSecret == "" {
		return cfg, fmt.Errorf("write a secret to a file and give --webhook-secret @FILE, or put it into %s: "+
			"receivers know by it who speaks",
			webhookVariable)
	}
	secret, _, err := givenSecret("--webhook-secret", f.WebhookSecret, webhookVariable, "it")
	cfg.Secret = []byte(secret)
	return cfg, err
}
