package task

import (
	"encoding/binary"
	"errors"
)

var (
	errShort = errors.New("message is cut short")
	errDeep  = errors.New("message is nested too deeply")
	errKey   = errors.New("map key is not a string")
	errExt   = errors.New("message holds an extension type")
	errRest  = errors.New("message has bytes left over")
)

// check walks one MessagePack value and refuses it unless it ends exactly at the end of data, is at most
// maxDepth deep and promises no more items than its bytes can hold. The codec allocates by what lengths
// promise (eight bytes made it take 128 MiB), so nothing unchecked reaches it.
func check(data []byte) error {
	rest, err := skip(data, maxDepth)
	if err == nil && len(rest) > 0 {
		return errRest
	}
	return err
}

// skip returns what follows the first value of data.
func skip(data []byte, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, errDeep
	}
	if len(data) == 0 {
		return nil, errShort
	}
	b, data := data[0], data[1:]
	switch {
	case b <= 0x7f, b >= 0xe0, b == 0xc0, b == 0xc2, b == 0xc3: // small integers, nil, false, true
		return data, nil
	case b <= 0x8f:
		return skipItems(data, uint64(b&0x0f), true, depth)
	case b <= 0x9f:
		return skipItems(data, uint64(b&0x0f), false, depth)
	case b <= 0xbf:
		return skipBytes(data, uint64(b&0x1f))
	}
	switch b {
	case 0xca, 0xce, 0xd2: // 4 bytes
		return skipBytes(data, 4)
	case 0xcb, 0xcf, 0xd3:
		return skipBytes(data, 8)
	case 0xcc, 0xd0:
		return skipBytes(data, 1)
	case 0xcd, 0xd1:
		return skipBytes(data, 2)
	case 0xc4, 0xd9: // bytes and strings by the width of their length
		return skipCounted(data, 1, skipBytes)
	case 0xc5, 0xda:
		return skipCounted(data, 2, skipBytes)
	case 0xc6, 0xdb:
		return skipCounted(data, 4, skipBytes)
	case 0xdc, 0xdd:
		return skipCounted(data, 2<<(b-0xdc), func(d []byte, n uint64) ([]byte, error) {
			return skipItems(d, n, false, depth)
		})
	case 0xde, 0xdf:
		return skipCounted(data, 2<<(b-0xde), func(d []byte, n uint64) ([]byte, error) {
			return skipItems(d, n, true, depth)
		})
	}
	return nil, errExt
}

func skipCounted(data []byte, width int, then func([]byte, uint64) ([]byte, error)) ([]byte, error) {
	if len(data) < width {
		return nil, errShort
	}
	var wide [8]byte
	copy(wide[8-width:], data[:width])
	return then(data[width:], binary.BigEndian.Uint64(wide[:]))
}

func skipBytes(data []byte, n uint64) ([]byte, error) {
	if uint64(len(data)) < n {
		return nil, errShort
	}
	return data[n:], nil
}

func skipItems(data []byte, n uint64, pairs bool, depth int) ([]byte, error) {
	least := n
	if pairs {
		least = 2 * n
	}
	if uint64(len(data)) < least {
		return nil, errShort
	}
	var err error
	for ; n > 0 && err == nil; n-- {
		if pairs {
			if !isString(data) {
				return nil, errKey
			}
			if data, err = skip(data, depth-1); err != nil {
				break
			}
		}
		data, err = skip(data, depth-1)
	}
	return data, err
}

func isString(data []byte) bool {
	return len(data) > 0 && (data[0]&0xe0 == 0xa0 || (data[0] >= 0xd9 && data[0] <= 0xdb))
}
