package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"
)

// fewColours writes a picture anew with the 256 colours that it has most of, each other as the nearest of them: a third
// of the bytes, and of a page nothing that an eye finds.
func fewColours(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	in, err := png.Decode(f)
	_ = f.Close() // it was only read
	if err != nil {
		return err
	}
	bounds := in.Bounds()
	at := func(x, y int) color.RGBA {
		c := color.RGBAModel.Convert(in.At(x, y)).(color.RGBA)
		return c
	}
	often := map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			often[at(x, y)]++
		}
	}
	list := make([]color.RGBA, 0, len(often))
	for c := range often {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b color.RGBA) int {
		if n := often[b] - often[a]; n != 0 {
			return n
		}
		return int(a.R)<<16 + int(a.G)<<8 + int(a.B) - int(b.R)<<16 - int(b.G)<<8 - int(b.B)
	})
	var palette color.Palette
	for _, c := range list { // colours that are as good as there already take no place
		if len(palette) < 256 && (len(palette) == 0 || distance(palette[palette.Index(c)].(color.RGBA), c) > 60) {
			palette = append(palette, c)
		}
	}
	places := make(map[color.RGBA]uint8, len(often))
	for _, c := range list {
		places[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			out.SetColorIndex(x, y, places[at(x, y)])
		}
	}
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(to, out)
	if closed := to.Close(); err == nil {
		err = closed
	}
	return err
}

// distance is how far two colours are apart, squared.
func distance(a, b color.RGBA) int {
	r, g, bl := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return r*r + g*g + bl*bl
}
