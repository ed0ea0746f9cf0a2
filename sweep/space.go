package sweep

import "math/big"

// Space is the set of points a spec searches. Points are computed, never stored.
type Space struct{}

// Size is how many points the space has, and whether that number is finite.
func (s *Space) Size() (n *big.Int, finite bool) { panic("being built") }

// At is grid point i, in O(parameters). The last parameter varies fastest, as in W&B.
func (s *Space) At(i *big.Int) Point { panic("being built") }

// Draw is the random point of one trial: the same seed and index give the same point for ever.
func (s *Space) Draw(seed uint64, index int) Point { panic("being built") }
