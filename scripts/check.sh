#!/bin/sh
# All that is looked at without running it, two at a time: the build is needed by what follows it.
set -e
npm run format:check &
format=$!
npm run build
wait $format
npm run typecheck &
types=$!
npm run check:package
npm run typecheck:dist
npm run lint
wait $types
