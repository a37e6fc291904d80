#!/bin/sh
# The tests start redis-server and postgres processes of their own: this makes sure that the binaries are there.
has_redis() { command -v redis-server; }
# Debian has these on no PATH.
has_postgres() { (command -v initdb && command -v postgres) || ls -d /usr/lib/postgresql/*/bin/initdb; }
sudo=''
[ "$(id -u)" = 0 ] || sudo='sudo -n'

# The names of a package at Debian, Alpine, Fedora and Homebrew.
install() {
  if command -v apt-get; then
    $sudo apt-get update -qq && $sudo apt-get install -y -qq "$1"
  elif command -v apk; then
    $sudo apk add "$2"
  elif command -v dnf; then
    $sudo dnf install -y "$3"
  elif command -v brew; then
    brew install "$4"
  fi
}

{
  has_redis || install redis-server redis redis redis
  has_postgres || install postgresql postgresql postgresql-server postgresql
} >/dev/null 2>&1

missing=''
has_redis >/dev/null || missing="$missing redis-server 7 or newer (Debian: apt install redis-server)"
has_postgres >/dev/null 2>&1 || missing="$missing initdb and postgres 14 or newer (Debian: apt install postgresql)"
[ -z "$missing" ] && exit 0
echo "The tests need on PATH:$missing" >&2
exit 1
