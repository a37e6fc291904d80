#!/bin/sh
# Packs what `npm run build` made, and has it looked at: what it holds and how large it is, whether every tool finds its files,
# and types that fit them.
set -e
folder=test/.tmp/packed
rm -rf "$folder"
mkdir -p "$folder"
npm pack --ignore-scripts --silent --json --pack-destination "$folder" >"$folder/packed.json"
node scripts/check-contents.mjs "$folder/packed.json"
publint --strict "$folder"/*.tgz
attw --format table-flipped "$folder"/*.tgz
