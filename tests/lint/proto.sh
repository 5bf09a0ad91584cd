#!/bin/sh
# Lints the protos with buf, which comes from npm into the folder named by the first argument.
# Exit code 77 (skipped) when it is not there and cannot be had.
set -eu

folder=$1
buf=$folder/node_modules/.bin/buf
version=1.75.0

if [ ! -x "$buf" ]; then
  command -v npm >/dev/null || {
    echo 'npm is not installed (deploy/install_packages.sh --test)'
    exit 77
  }
  mkdir -p "$folder"
  timeout 120 npm install --no-save --no-audit --no-fund --silent --prefix "$folder" \
    "@bufbuild/buf@$version" </dev/null || {
    echo 'npm could not fetch @bufbuild/buf; no network?'
    exit 77
  }
fi

# buf keeps a cache; it belongs to the build.
XDG_CACHE_HOME=$folder/cache
export XDG_CACHE_HOME
exec "$buf" lint proto
