package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Survey lists what a cluster's nodes would offer if nothing ran there, for who asks what could ever be held. It
// launches nothing.
func Survey(ctx context.Context, conf Config) ([]offers.Offer, error) {
	account, err := FindAccount(conf.Kubeconfig, conf.Context)
	if err != nil {
		return nil, err
	}
	api, err := NewAPI(account)
	if err != nil {
		return nil, err
	}
	defer api.Close()
	tolerate := conf.tolerations()
	var nodes []*nodeObject
	r := conf.nodes(api)
	r.replace = func(all []*nodeObject) { nodes = all }
	if err := r.list(ctx); err != nil {
		return nil, fmt.Errorf("list the nodes: %w", remedy(err))
	}
	namespace := cmp.Or(conf.Namespace, account.Namespace)
	if err := api.call(ctx, http.MethodGet, podsPath(namespace), url.Values{"limit": {"1"}}, nil, nil); err != nil {
		return nil, fmt.Errorf("list the pods of namespace %s: %w", namespace, remedy(err))
	}
	var out []offers.Offer
	for _, n := range nodes {
		if n.usable(tolerate) == "" {
			out = append(out, n.offer(conf.gpuNames()))
		}
	}
	return out, nil
}

// offer is all of a node that pods may have.
func (o *nodeObject) offer(gpuNames []string) offers.Offer {
	name := o.Metadata.Name
	all := o.Status.Allocatable
	amount := func(name string, v float64) offers.Amount {
		return offers.Amount{Name: name, Scalar: resource.Milli(v * float64(resource.Unit))}
	}
	gpuName, gpus := all.gpus(gpuNames)
	out := offers.Offer{ID: offers.OfferID(name), Agent: offers.AgentID(name), Hostname: name, Amounts: []offers.Amount{
		amount("cpus", all[cpuName].value()), amount("mem", megabytes(all[memoryName].value())),
		amount("disk", megabytes(all[storageName].value())), amount("gpus", float64(gpus)),
		{Name: "ports", Ranges: []offers.Range{{Begin: portFirst, End: portLast}}},
	}}
	for _, name := range all.devices(gpuName) {
		out.Amounts = append(out.Amounts, amount(name, float64(int(all[name].value()))))
	}
	attributes := o.attributes()
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		out.Attributes = append(out.Attributes, offers.Attribute{Name: key, Value: attributes[key]})
	}
	return out
}
