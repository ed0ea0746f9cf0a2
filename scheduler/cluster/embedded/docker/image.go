package docker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
)

// ErrNoImage says that the engine does not have an image.
var ErrNoImage = errors.New("no such image on this machine")

// Image is what an image says of itself.
type Image struct {
	Entrypoint []string `json:"entrypoint,omitempty"`
	Cmd        []string `json:"cmd,omitempty"`
	User       string   `json:"user,omitempty"`
}

// Image looks into an image that the engine has; else its error is ErrNoImage.
func (e *Engine) Image(ctx context.Context, name string) (Image, error) {
	r, err := e.client.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return Image{}, fmt.Errorf("%w: %s", ErrNoImage, name)
	}
	if err != nil {
		return Image{}, fmt.Errorf("inspect image %s: %w", name, err)
	}
	var image Image
	if c := r.Config; c != nil {
		image = Image{Entrypoint: c.Entrypoint, Cmd: c.Cmd, User: c.User}
	}
	return image, nil
}

// ImageID names the content of an image that the engine has; else its error is ErrNoImage.
func (e *Engine) ImageID(ctx context.Context, name string) (string, error) {
	r, err := e.client.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return "", fmt.Errorf("%w: %s", ErrNoImage, name)
	}
	if err != nil {
		return "", fmt.Errorf("inspect image %s: %w", name, err)
	}
	return r.ID, nil
}

// Need makes sure that the engine has an image: it pulls one that is missing, or with always any. config is a
// config.json of Docker with credentials; nil: none. Calls for one image at the same time are one pull.
func (e *Engine) Need(ctx context.Context, name string, always bool, config []byte) error {
	if !always {
		if _, err := e.Image(ctx, name); !errors.Is(err, ErrNoImage) {
			return err
		}
	}
	done := e.pulls.DoChan(name+"\x00"+string(config), func() (any, error) {
		return nil, e.pull(context.WithoutCancel(ctx), name, config)
	})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case r := <-done:
		return r.Err
	}
}

func (e *Engine) pull(ctx context.Context, name string, config []byte) error {
	auth, err := credentials(name, config)
	if err != nil {
		return fmt.Errorf("pull %s: %w", name, err)
	}
	stream, err := e.client.ImagePull(ctx, name, client.ImagePullOptions{RegistryAuth: auth})
	if err == nil {
		err = errors.Join(stream.Wait(ctx), stream.Close())
	}
	if err != nil {
		return fmt.Errorf("pull %s: %w", name, err)
	}
	return nil
}

// credentials finds an image's registry in a config.json and writes its login as the engine wants it.
func credentials(image string, config []byte) (string, error) {
	if len(config) == 0 {
		return "", nil
	}
	var file struct {
		Auths map[string]struct {
			Auth          string `json:"auth"`
			Username      string `json:"username"`
			Password      string `json:"password"`
			IdentityToken string `json:"identitytoken"`
		} `json:"auths"`
	}
	if err := json.Unmarshal(config, &file); err != nil {
		return "", errors.New("read credentials: not a config.json of Docker") // the text would show secrets
	}
	for _, server := range servers(image) {
		login, found := file.Auths[server]
		if !found {
			continue
		}
		auth := registry.AuthConfig{
			Username: login.Username, Password: login.Password, IdentityToken: login.IdentityToken,
			ServerAddress: server,
		}
		if plain, err := base64.StdEncoding.DecodeString(login.Auth); err == nil && login.Auth != "" {
			auth.Username, auth.Password, _ = strings.Cut(string(plain), ":")
		}
		return authconfig.Encode(auth)
	}
	return "", nil
}

// servers is the names under which config.json may have an image's registry.
func servers(image string) []string {
	host, _, found := strings.Cut(image, "/")
	if !found || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return []string{"https://index.docker.io/v1/", "docker.io", "index.docker.io"}
	}
	return []string{host, "https://" + host, "http://" + host}
}
