package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// changeCordons puts another list into force: into the file, then into the scheduler, also when the caller has gone
// meanwhile.
func (s *Server) changeCordons(ctx context.Context, list []Cordon) error {
	c := &s.cordons
	text, err := json.MarshalIndent(list, "", "  ")
	if err == nil {
		err = durable.Replace(c.file, append(text, '\n'))
	}
	if err != nil {
		return unreachable(fmt.Errorf("keep which agents are cordoned: %w", err))
	}
	c.list = list
	return classify(s.loop.Do(context.WithoutCancel(ctx), scheduler.SetCordons{List: c.forCore()}))
}

// Cordons are those in force, the oldest first.
func (s *Server) Cordons() []Cordon {
	s.cordons.mu.Lock()
	defer s.cordons.mu.Unlock()
	return slices.Clone(s.cordons.list)
}

// AddCordon keeps agents from getting work, also after a restart. One of the same agents is replaced.
func (s *Server) AddCordon(ctx context.Context, one Cordon) (Cordon, error) {
	s.cordons.mu.Lock()
	defer s.cordons.mu.Unlock()
	one.ID, one.Created = strings.ToLower(rand.Text()[:8]), time.Now().UTC().Truncate(time.Second)
	list := slices.Clone(s.cordons.list)
	if i := slices.IndexFunc(list, func(o Cordon) bool { return o.same(&one) }); i >= 0 {
		one.ID = list[i].ID
		list[i] = one
	} else {
		list = append(list, one)
	}
	return one, s.changeCordons(ctx, list)
}

// RemoveCordon lets agents have work again.
func (s *Server) RemoveCordon(ctx context.Context, id string) error {
	s.cordons.mu.Lock()
	defer s.cordons.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(s.cordons.list), func(o Cordon) bool { return o.ID == id })
	if len(list) == len(s.cordons.list) {
		return fmt.Errorf("%s: %w", id, ErrNoCordon)
	}
	return s.changeCordons(ctx, list)
}
