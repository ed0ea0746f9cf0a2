// Package export writes a sweep's results for other programs: as tables, CSV, JSON Lines and Parquet, as event
// files for TensorBoard, and as offline runs of W&B.
//
// Trials is one row per trial, from a board. Points is one row per point that any attempt reported, from the
// records in the bucket. Both stream: memory is a row group and what tells points apart, not the table.
// Columns have one type each in every row; what is not known of a row is empty, absent or null.
package export
