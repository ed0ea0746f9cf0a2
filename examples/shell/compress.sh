#!/bin/sh
# usage: compress.sh LEVEL ORDER: pack the digits' lines in one order and print what it took.
set -eu
level=$1 order=$2
case $order in
file) sort='cat' ;;
label) sort='sort -s -t , -k 65,65' ;;
pixels) sort='sort' ;;
*) echo "compress.sh: unknown order $order" >&2 && exit 2 ;;
esac
begin=$(date +%s%N)
bytes=$(gzip -dc ../digits/digits.csv.gz | $sort | gzip -"$level" | wc -c)
end=$(date +%s%N)
echo "bytes=$((bytes)) milliseconds=$(((end - begin) / 1000000))"
