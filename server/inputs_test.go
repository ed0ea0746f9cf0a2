package server

import (
	"net/url"
	"testing"
)

func TestAddressesHaveTheirContentsKey(t *testing.T) {
	for from, want := range map[string]string{
		"https://host/a/words.txt":              "https://host/a/words.txt#sha256=12",
		"http://host:80/it's?a='b\\c'&d=1#here": "http://host:80/it%27s?a=%27b%5Cc%27&d=1#sha256=12",
		"https://host":                          "https://host/#sha256=12",
	} {
		u, err := url.Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		if got := cacheURL(*u, "12"); got != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
}
