#!/bin/sh
# The tests start servers of their own, and a browser: this makes sure that their programs are there.
sudo=''
[ "$(id -u)" = 0 ] || sudo='sudo -n'

install() {
  if command -v apt-get >/dev/null; then
    $sudo apt-get update -qq && $sudo apt-get install -y -qq "$1"
  elif command -v apk >/dev/null; then
    $sudo apk add "$2"
  elif command -v dnf >/dev/null; then
    $sudo dnf install -y "$3"
  elif command -v brew >/dev/null; then
    brew install "$4"
  fi >/dev/null 2>&1
}

# Debian keeps the programs of PostgreSQL out of PATH.
has() { command -v "$1" >/dev/null || ls /usr/lib/postgresql/*/bin/"$1" >/dev/null 2>&1; }

# ensure <program> <what it is called> <package of Debian> <of Alpine> <of Fedora> <of Homebrew>
ensure() {
  has "$1" && return
  install "$3" "$4" "$5" "$6"
  has "$1" && return
  echo "The tests need $2: install it with your package manager (Debian: apt install $3)." >&2
  exit 1
}

ensure redis-server 'redis-server 7 or newer on PATH' redis-server redis redis redis
ensure postgres 'PostgreSQL' postgresql postgresql postgresql-server postgresql
ensure memcached 'memcached on PATH' memcached memcached memcached memcached
ensure chromium 'Chromium on PATH' chromium chromium chromium chromium
