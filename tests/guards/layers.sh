#!/usr/bin/env bash
# Rooms use what stands below them only; oauth and rpc never meet; httpd's headers stay upstairs.
set -eu
bad() { grep -nE "$1" "${@:2}" && { echo "a room reaches above itself"; exit 1; } || true; }
[ -n "$(ls lib/base/*.c)" ]
bad '#include .*(httpd|http_[a-z]+|ap_[a-z]+)\.h' lib/base lib/ports lib/token lib/oauth lib/rpc -r
bad '#include "mcp/(store|fetch|keys|jws|token|as|client|ticket|envelope|gate|httpd)\.h"' -r lib/base
bad '#include "mcp/(keys|jws|token|as|client|ticket|envelope|gate|httpd)\.h"' -r lib/ports
bad '#include "mcp/(as|client|ticket|envelope|gate|httpd)\.h"' -r lib/token
bad '#include "mcp/(envelope|gate|httpd)\.h"' -r lib/oauth
bad '#include "mcp/(as|client|ticket|httpd)\.h"' -r lib/rpc
