#!/bin/sh
# The tests start redis-server processes of their own: this makes sure that the binary is there.
command -v redis-server >/dev/null && exit 0
sudo=''
[ "$(id -u)" = 0 ] || sudo='sudo -n'
if command -v apt-get >/dev/null; then
  $sudo apt-get update -qq && $sudo apt-get install -y -qq redis-server
elif command -v apk >/dev/null; then
  $sudo apk add redis
elif command -v dnf >/dev/null; then
  $sudo dnf install -y redis
elif command -v brew >/dev/null; then
  brew install redis
fi >/dev/null 2>&1
command -v redis-server >/dev/null && exit 0
echo 'The tests need redis-server 7 or newer on PATH: install it with your package manager (Debian: apt install redis-server).' >&2
exit 1
