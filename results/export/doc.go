// Package export writes a sweep's results as tables for other programs: CSV, JSON Lines and Parquet.
//
// Trials is one row per trial, from a board. Points is one row per point that any attempt reported, from the
// records in the bucket. Both stream: memory is a row group and what tells points apart, not the table.
// Columns have one type each in every row; what is not known of a row is empty, absent or null.
package export
