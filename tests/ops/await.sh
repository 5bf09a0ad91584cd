#!/bin/sh
# Waiting and ports: sourced by tests that have a function `fail`.

# Waits until the command given succeeds, half a minute at most.
await() {
  tries=300
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "in vain: $*"
    sleep 0.1
  done
}

free_port() {
  python3 -c 'import socket as s; p = s.create_server(("127.0.0.1", 0)); print(p.getsockname()[1])'
}
