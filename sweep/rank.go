package sweep

// Rank is which number of a point's trials the point is ranked by: mean, median, or a quantile such as q0.9.
type Rank string
