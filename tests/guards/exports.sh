#!/usr/bin/env bash
# Each module exports its module record alone.
set -eu
out=${MCP_OUT:-build/out}
for so in "$out"/mod_mcp_dcr.so "$out"/mod_mcp_toolauthz.so; do
  got=$(nm -D --defined-only "$so" | awk '$2 != "w" {print $3}')
  want=$(basename "$so" .so | sed 's/^mod_//')_module
  [ "$got" = "$want" ] || { echo "$so exports: $got"; exit 1; }
done
