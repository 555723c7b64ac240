#!/usr/bin/env bash
# A log tag belongs to one reason.
set -eu
tags=$(grep -oE '"MCP[0-9]{3}"' include/mcp/error.h)
[ "$(wc -l <<<"$tags")" -ge 40 ] || { echo "no tags found"; exit 1; }
twice=$(sort <<<"$tags" | uniq -d)
[ -z "$twice" ] || { echo "used twice: $twice"; exit 1; }
# Each but success has a row that says what to do.
for tag in $(grep -rhoE 'MCP0[0-9]{2}\b' include lib mod_*.c | sort -u | grep -v MCP000); do
  grep -qE "^\| (MCP[0-9]{3}, )*$tag\b" docs/operations.md || { echo "$tag has no row in docs/operations.md"; exit 1; }
done
