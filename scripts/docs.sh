#!/bin/sh
# Builds the site of the documentation into site/.vitepress/dist. What it needs is installed when it is first asked for, or has
# changed, so that whoever never does need not have it.
set -e
cd "$(dirname "$0")/../site"
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci
fi
npm run -s build
