#!/bin/sh
# Packs what `npm run build` made, and has others look at it: whether every tool finds its files, and types that fit them.
set -e
folder=test/.tmp/packed
rm -rf "$folder"
mkdir -p "$folder"
npm pack --ignore-scripts --silent --pack-destination "$folder" >/dev/null
publint --strict "$folder"/*.tgz
attw --format table-flipped "$folder"/*.tgz
